import { isMap, MatchError, show, type Actual } from './actual';

/** The value at a path in a JSON text. The plain paths of gjson: keys, indexes, `#` for lengths and `#.key` for each element. */
export function readJsonPath(text: Actual, path: string): Actual {
  if (typeof text !== 'string') { throw new MatchError(`gjson needs a text, found ${show(text)}`); }
  let document: Actual;
  try {
    document = JSON.parse(text) as Actual;
  } catch {
    throw new MatchError(`gjson needs JSON, found ${show(text)}`);
  }
  const value = walk(document, segmentsOf(path));
  if (value === undefined) { throw new MatchError(`Path not found: ${path}`); }
  return value;
}

function segmentsOf(path: string): string[] {
  const segments = [''];
  for (let i = 0; i < path.length; i++) {
    const c = path[i];
    if (c === '\\') {
      segments[segments.length - 1] += path[++i] ?? '';
    } else if (c === '.') {
      segments.push('');
    } else if ('*?|@!{[('.includes(c)) {
      throw new MatchError(`The gjson path ${show(path)} uses ${c}, which is not supported: `
        + 'use keys, indexes and #, or let a command check select the value');
    } else {
      segments[segments.length - 1] += c;
    }
  }
  return segments;
}

function walk(value: Actual | undefined, segments: readonly string[]): Actual | undefined {
  const [segment, ...rest] = segments;
  if (segment === undefined || value === undefined) { return value; }
  if (Array.isArray(value)) {
    if (segment !== '#') { return /^\d+$/.test(segment) ? walk(value[Number(segment)], rest) : undefined; }
    return rest.length === 0 ? value.length : value.map((element) => walk(element, rest)).filter((found) => found !== undefined);
  }
  return value !== null && isMap(value) && Object.hasOwn(value, segment) ? walk(value[segment], rest) : undefined;
}
