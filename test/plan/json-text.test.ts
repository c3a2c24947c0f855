import fc from 'fast-check';
import { walkJson } from '../../lib/plan/json-text';

function isJson(text: string): boolean {
  try { JSON.parse(text); return true; } catch { return false; }
}

test.each([
  ['{"a":1,}', 7, 'Not JSON: "}" where a name in quotes should be'],
  ['[1,]', 3, 'Not JSON: "]" where a value should be'],
  ['[1 2]', 3, 'Not JSON: "2" where a comma or the end of the list should be'],
  ['{"a" 1}', 5, 'Not JSON: "1" where a colon should be'],
  ['{a:1}', 1, 'Not JSON: "a" where a name in quotes or } should be'],
  ['[}', 1, 'Not JSON: "}" where a value or ] should be'],
  ['[1}', 2, 'Not JSON: "}" where a comma or the end of the list should be'],
  ['{}{}', 2, 'Not JSON: "{" where the end should be'],
  ['// x\n{}', 0, 'Not JSON: "/" where a value should be'],
  ['[01]', 1, 'Not JSON: "0" where a value or ] should be'],
  ['[NaN]', 1, 'Not JSON: "N" where a value or ] should be'],
  ['["a\nb"]', 3, 'A string has a line break or another control character in it'],
  ['["\\x"]', 2, 'A string has an escape that JSON does not know'],
  ['["\\u12g4"]', 2, 'A string has an escape that JSON does not know'],
])('%j is not JSON at %i', (text, offset, message) => {
  expect(walkJson(text)).toEqual({ offset, message, truncated: false });
});

test.each(['', ' ', '{', '[', '[1', '[1,', '{"a', '{"a"', '{"a":', '{"a":1', '"\\', '"\\u12', 'tru', '-', '1.', '1e', '[1e+'])('%j ends too early', (text) => {
  expect(walkJson(text)).toEqual({ offset: text.length, message: 'The JSON ends too early', truncated: true });
});

test('it takes what JSON.parse takes, and nothing else', () => {
  const json = fc.json();
  const edited = fc.tuple(json, fc.nat(), fc.constantFrom('', '"', '\\', ',', ':', '{', '}', '[', ']', '0', '-', 'e', '.', 'null', '\n', '\u00a0', ' '), fc.nat(3))
    .map(([text, at, piece, drop]) => text.slice(0, at % (text.length + 1)) + piece + text.slice((at % (text.length + 1)) + drop));
  fc.assert(fc.property(fc.oneof(json, edited), (text) => {
    expect([text, walkJson(text) === undefined]).toEqual([text, isJson(text)]);
  }), { numRuns: 5000 });
});

test('every value is told with its offset and pointer', () => {
  const values: [number, string][] = [];
  walkJson('{ "a/b": [1, {"c~": null}], "": "x" }', { onValue: (offset, _, pointer) => values.push([offset, pointer()]) });
  expect(values).toEqual([[0, ''], [9, '/a~1b'], [10, '/a~1b/0'], [13, '/a~1b/1'], [20, '/a~1b/1/c~0'], [32, '/']]);
});

test('a member that is there twice is told, however its name is written', () => {
  const duplicates: [number, string][] = [];
  walkJson('{"a":{"b":1,"\\u0062":2},"b":3,"__proto__":4}', { onDuplicate: (offset, pointer) => duplicates.push([offset, pointer()]) });
  expect(duplicates).toEqual([[12, '/a/b']]);
});
