import { ApiError } from '../protocol/api-error';

type Json = string | number | boolean | null | readonly Json[] | { readonly [name: string]: Json };
type Pattern = { readonly [name: string]: Json };

/** Whether an event has what a pattern asks for. */
export function matchesPattern(pattern: Pattern, event: Json | undefined): boolean {
  return Object.entries(pattern).every(([name, wanted]) => {
    if (name === '$or') { return (wanted as readonly Pattern[]).some((one) => matchesPattern(one, event)); }
    const actual = isObject(event) ? event[name] : undefined;
    if (!Array.isArray(wanted)) { return matchesPattern(wanted as Pattern, actual); }
    // A list has what is asked for where one of its values has.
    const values = Array.isArray(actual) ? actual as readonly Json[] : [actual];
    return wanted.some((matcher: Json) => values.some((value) => matchesValue(matcher, value)));
  });
}

/** Reads a pattern, or says what is wrong with it. */
export function readPattern(text: string): Pattern {
  let pattern: unknown;
  try { pattern = JSON.parse(text); } catch { throw invalid('Event pattern is not valid JSON'); }
  if (!isObject(pattern as Json) || Object.keys(pattern as Pattern).length === 0) { throw invalid('Filter is not an object'); }
  check(pattern as Pattern);
  return pattern as Pattern;
}

function check(pattern: Pattern): void {
  for (const [name, wanted] of Object.entries(pattern)) {
    if (name === '$or') { (wanted as readonly Pattern[]).forEach(check); continue; }
    if (isObject(wanted)) { check(wanted); continue; }
    if (!Array.isArray(wanted)) { throw invalid(`"${name}" must be an object or an array`); }
    if (wanted.length === 0) { throw invalid(`Empty arrays are not allowed: "${name}"`); }
    for (const matcher of wanted as readonly Json[]) { if (isObject(matcher)) { matchesValue(matcher, undefined); } }
  }
}

function matchesValue(matcher: Json, value: Json | undefined): boolean {
  if (!isObject(matcher)) { return matcher === value; }
  const [[operator, operand]] = Object.entries(matcher);
  switch (operator) {
    case 'prefix': return typeof value === 'string' && value.startsWith(operand as string);
    case 'suffix': return typeof value === 'string' && value.endsWith(operand as string);
    case 'equals-ignore-case': return typeof value === 'string' && value.toLowerCase() === (operand as string).toLowerCase();
    case 'wildcard': return typeof value === 'string' && new RegExp(`^${(operand as string).replace(/[.+^${}()|[\]\\?]/g, '\\$&').replace(/\*/g, '.*')}$`).test(value);
    case 'exists': return (value !== undefined) === operand;
    case 'anything-but': return value !== undefined && ![operand].flat().some((one) => matchesValue(one as Json, value));
    default: throw invalid(`Unrecognized match type ${operator}`);
  }
}

function isObject(value: Json | undefined): value is { readonly [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function invalid(reason: string): ApiError {
  return new ApiError('InvalidEventPatternException', `Event pattern is not valid. Reason: ${reason}`);
}
