/** What a machine has: the value of an attribute, or a part of it. */
export type Actual = string | number | boolean | null | readonly Actual[] | { readonly [key: string]: Actual };

/** An expectation that cannot be held against this value: wrong argument, wrong type, unreadable number. Ends as a failure. */
export class MatchError extends Error {}

/** As Goss writes a value where text is wanted: lists one element a line. */
export function toText(value: Actual): string {
  if (Array.isArray(value)) { return value.map(goFormat).join('\n'); }
  return goFormat(value);
}

/** As Goss reads a value where a number is wanted: text is trimmed and parsed. */
export function toNumber(value: Actual): number {
  if (typeof value === 'number') { return value; }
  if (typeof value !== 'string' && !Array.isArray(value)) { throw new MatchError(`a number is needed, found ${show(value)}`); }
  const text = toText(value).trim();
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text)) { return Number(text); }
  throw new MatchError(`${show(text)} is not a number`);
}

/** Where a list is wanted, text stands for its lines. */
export function toList(value: Actual): readonly Actual[] {
  if (typeof value === 'string') { return value.split('\n'); }
  return elementsOf(value);
}

/** The elements of a list, or the values of a map. */
export function elementsOf(value: Actual): readonly Actual[] {
  if (Array.isArray(value)) { return value; }
  if (isMap(value)) { return Object.values(value); }
  throw new MatchError(`a list is needed, found ${show(value)}`);
}

export function isMap(value: Actual): value is { readonly [key: string]: Actual } {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

/** A value in a message: as JSON, cut where it is long. */
export function show(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 300 ? `${text.slice(0, 300)}... (${text.length} characters)` : text;
}

/** What `%v` of Go makes of a value. */
function goFormat(value: Actual): string {
  if (value === null) { return '<nil>'; }
  if (Array.isArray(value)) { return `[${value.map(goFormat).join(' ')}]`; }
  if (isMap(value)) { return `map[${Object.keys(value).sort().map((key) => `${key}:${goFormat(value[key])}`).join(' ')}]`; }
  return String(value);
}
