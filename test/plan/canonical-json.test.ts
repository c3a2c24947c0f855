import fc from 'fast-check';
import { canonicalJson, digestOf } from '../../lib/plan/canonical-json';

test('members are sorted by code unit, at every depth', () => {
  expect(canonicalJson({ b: 1, a: { z: [{ y: 1, x: 2 }], Z: 1 }, ä: 0, _: 0 })).toBe('{"_":0,"a":{"Z":1,"z":[{"x":2,"y":1}]},"b":1,"ä":0}');
});

test('members without a value are left out', () => {
  expect(canonicalJson({ a: undefined, b: null })).toBe('{"b":null}');
});

test('elements of a list keep their order', () => {
  expect(canonicalJson(['b', 'a', 2, 10])).toBe('["b","a",2,10]');
});

test('a member called __proto__ is a member like others', () => {
  const value = JSON.parse('{"__proto__":{"a":1},"constructor":2}') as object;
  expect(canonicalJson(value)).toBe('{"__proto__":{"a":1},"constructor":2}');
  expect(digestOf(value)).not.toBe(digestOf({ constructor: 2 }));
});

test('the order in which members were added changes nothing', () => {
  fc.assert(fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.nat(), (value, seed) => {
    const shuffled = Object.fromEntries(Object.entries(value).map((_, i, all) => all[(i + seed) % all.length]));
    expect(canonicalJson(shuffled)).toBe(canonicalJson(value));
  }));
});

test('what was written is read back as the same value', () => {
  fc.assert(fc.property(fc.jsonValue(), (value) => {
    expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
  }));
});

test('a digest is the SHA-256 of the bytes', () => {
  // printf '{"a":1}' | sha256sum
  expect(digestOf({ a: 1 })).toBe('015abd7f5cc57a2dd94b7590f04ad8084273905ee33ec5cebeae62276a97f862');
});
