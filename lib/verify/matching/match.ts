import { isDeepStrictEqual } from 'util';
import { elementsOf, isMap, MatchError, show, toList, toNumber, toText, type Actual } from './actual';
import { readJsonPath } from './gjson-path';
import { pair } from './multiset';
import { unmetPatterns } from './patterns';
import { regexpTest } from './regexp';
import { satisfies } from './semver-range';
import type { Expectation, Matcher } from '../../plan/checks';

/** Whether a value is as expected, and what was missed where it is not. */
export interface Match {
  readonly ok: boolean;
  /** More than the expectation itself says: the elements that are missing. */
  readonly detail?: string;
}

type Matching = (argument: Expectation, actual: Actual) => Match;

/** Holds an expectation against a value, with the matchers and the coercions of Goss. Throws MatchError where that makes no sense. */
export function match(expected: Expectation, actual: Actual): Match {
  if (expected === null) { throw new MatchError('Missing required attribute'); }
  switch (typeof expected) {
    case 'string': return { ok: toText(actual) === expected };
    case 'number': return { ok: toNumber(actual) === expected };
    case 'boolean': return { ok: actual === expected };
    default:
  }
  // A plain list asks for elements; only the named matcher takes a text for its lines.
  if (Array.isArray(expected)) { return containElements(expected, elementsOf(actual)); }
  const entries = Object.entries(expected);
  if (entries.length !== 1) {
    throw new MatchError(`one matcher at a time is allowed, got ${entries.map(([name]) => name).join(', ') || 'none'}; join several with and`);
  }
  const [[name, argument]] = entries;
  if (!Object.hasOwn(MATCHINGS, name)) { throw new MatchError(`there is no matcher ${name}`); }
  return MATCHINGS[name as Matcher](argument, actual);
}

const MATCHINGS: Readonly<Record<Matcher, Matching>> = {
  // Goss never lets a list equal a list of the machine, a slip of its types; here it does.
  'equal': (argument, actual) => ({ ok: isDeepStrictEqual(argument, actual) }),
  'have-prefix': onText('have-prefix', (prefix, text) => text.startsWith(prefix)),
  'have-suffix': onText('have-suffix', (suffix, text) => text.endsWith(suffix)),
  'match-regexp': onText('match-regexp', (pattern, text) => regexpTest(pattern)(text)),
  'contain-substring': onText('contain-substring', (part, text) => text.includes(part)),
  'gt': onNumber('gt', (limit, n) => n > limit),
  'ge': onNumber('ge', (limit, n) => n >= limit),
  'lt': onNumber('lt', (limit, n) => n < limit),
  'le': onNumber('le', (limit, n) => n <= limit),
  'have-len': (argument, actual) => ({ ok: lengthOf(actual) === Math.trunc(numberArgument('have-len', argument)) }),
  'have-key': (argument, actual) => {
    if (!isMap(actual)) { throw new MatchError(`have-key needs a map, found ${show(actual)}`); }
    return { ok: Object.keys(actual).some((key) => match(argument, key).ok) };
  },
  'have-patterns': (argument, actual) => {
    const unmet = unmetPatterns(argument, toText(actual));
    return { ok: unmet.length === 0, detail: `not met: ${unmet.map(show).join(', ')}` };
  },
  'contain-element': (argument, actual) => {
    if (typeof argument === 'boolean' || argument === null || Array.isArray(argument)) {
      throw new MatchError(`contain-element takes a text, a number or a matcher, got ${show(argument)}`);
    }
    return containElement(argument, toList(actual));
  },
  'contain-elements': (argument, actual) => containElements(listArgument('contain-elements', argument), toList(actual)),
  'consist-of': (argument, actual) => {
    const expected = listArgument('consist-of', argument);
    const values = elementsOf(actual);
    const { missing, extra } = pair(expected.length, values.length, (e, v) => fits(expected[e], values[v]));
    const detail = [
      ...missing.length > 0 ? [`missing: ${missing.map((e) => show(expected[e])).join(', ')}`] : [],
      ...extra.length > 0 ? [`too much: ${extra.map((v) => show(values[v])).join(', ')}`] : [],
    ];
    return { ok: detail.length === 0, detail: detail.join('; ') };
  },
  'not': (argument, actual) => ({ ok: !match(argument, actual).ok }),
  'and': (argument, actual) => {
    for (const each of listArgument('and', argument)) {
      const result = match(each, actual);
      if (!result.ok) { return result; }
    }
    return { ok: true };
  },
  'or': (argument, actual) => ({ ok: listArgument('or', argument).some((each) => match(each, actual).ok) }),
  'semver-constraint': (argument, actual) => ({ ok: satisfies(textArgument('semver-constraint', argument), actual) }),
  'gjson': (argument, actual) => {
    if (argument === null || typeof argument !== 'object' || Array.isArray(argument)) {
      throw new MatchError(`gjson takes a map of paths, got ${show(argument)}`);
    }
    for (const [path, expected] of Object.entries(argument as { [path: string]: Expectation })) {
      const found = readJsonPath(actual, path);
      if (!match(expected, found).ok) { return { ok: false, detail: `${path} is ${show(found)}` }; }
    }
    return { ok: true };
  },
};

function onText(name: Matcher, holds: (argument: string, text: string) => boolean): Matching {
  return (argument, actual) => ({ ok: holds(textArgument(name, argument), toText(actual)) });
}

function onNumber(name: Matcher, holds: (argument: number, actual: number) => boolean): Matching {
  return (argument, actual) => ({ ok: holds(numberArgument(name, argument), toNumber(actual)) });
}

function textArgument(name: Matcher, argument: Expectation): string {
  if (typeof argument !== 'string') { throw new MatchError(`${name} takes a text, got ${show(argument)}`); }
  return argument;
}

function numberArgument(name: Matcher, argument: Expectation): number {
  if (typeof argument !== 'number') { throw new MatchError(`${name} takes a number, got ${show(argument)}`); }
  return argument;
}

function listArgument(name: Matcher, argument: Expectation): readonly Expectation[] {
  if (!Array.isArray(argument)) { throw new MatchError(`${name} takes a list, got ${show(argument)}`); }
  return argument;
}

/** Bytes of a text, elements of a list, keys of a map. */
function lengthOf(actual: Actual): number {
  if (typeof actual === 'string') { return Buffer.byteLength(actual); }
  return elementsOf(actual).length;
}

function containElement(expected: Expectation, values: readonly Actual[]): Match {
  let error: unknown;
  for (const value of values) {
    try {
      if (match(expected, value).ok) { return { ok: true }; }
    } catch (e) {
      error = e;
    }
  }
  if (error) { throw error; }
  return { ok: false };
}

/** Each expectation needs an element of its own. */
function containElements(expected: readonly Expectation[], values: readonly Actual[]): Match {
  const { missing } = pair(expected.length, values.length, (e, v) => fits(expected[e], values[v]));
  return { ok: missing.length === 0, detail: `missing: ${missing.map((e) => show(expected[e])).join(', ')}` };
}

/** Among elements, one that an expectation cannot be held against just does not fit. */
function fits(expected: Expectation, value: Actual): boolean {
  try {
    return match(expected, value).ok;
  } catch (error) {
    if (error instanceof MatchError) { return false; }
    throw error;
  }
}
