import * as fc from 'fast-check';
import { MASK, Redaction } from '../../lib/engine/redact';

const SECRET = 'p4ss/w"rd+\'&é';

/** Sends a text through a stream, cut into pieces of the given sizes, over and over. */
function redact(secrets: readonly string[], text: Buffer, sizes: readonly number[]): string {
  const stream = new Redaction(secrets).stream();
  const shown: Buffer[] = [];
  for (let at = 0, i = 0; at < text.length; i++) {
    const size = sizes[i % sizes.length];
    shown.push(stream.push(text.subarray(at, at + size)));
    at += size;
  }
  return Buffer.concat([...shown, stream.end()]).toString('latin1');
}

test.each([
  ['as it is', SECRET],
  ['in base64', Buffer.from(SECRET).toString('base64').slice(0, -2)],
  ['in base64 after one byte', Buffer.from(`x${SECRET}yz`).toString('base64').slice(2, -4)],
  ['in base64 after two bytes', Buffer.from(`xy${SECRET}z`).toString('base64').slice(3, -3)],
  ['in the base64 of URLs', Buffer.from(SECRET).toString('base64url').slice(0, -1)],
  ['encoded for a URL', encodeURIComponent(SECRET)],
  ['encoded for a URL in lower case', encodeURIComponent(SECRET).replace(/%../g, (c) => c.toLowerCase())],
  ['encoded for a form', new URLSearchParams({ q: SECRET }).toString().slice(2)],
  ['in JSON', JSON.stringify(SECRET).slice(1, -1)],
  ['in JSON of ASCII only', 'p4ss/w\\"rd+\'&\\u00e9'],
  ['in a trace of a shell', 'p4ss/w"rd+\'\\\'\'&é'],
])('a secret is masked %s, wherever the stream is cut', (_, form) => {
  const text = Buffer.from(`before ${form} after`);
  for (let cut = 1; cut < text.length; cut++) {
    const shown = redact([SECRET], text, [cut, text.length]);
    expect(shown).toContain(MASK);
    // Nothing of the secret's own letters is left over but single characters at the ends of base64.
    expect(shown.replace(MASK, '').length).toBeLessThanOrEqual('before  after'.length + 2);
  }
});

// What is left has no bit of the secret: the end of the newline, and padding.
test.each([['hunter22', '***'], ['hunter22x', '***g=='], ['hunter22xy', '***o=']])('of the base64 of %s and a newline only %s is left', (secret, left) => {
  expect(redact([secret], Buffer.from(Buffer.from(`${secret}\n`).toString('base64')), [3])).toBe(left);
});

test('a secret that ends with a newline is masked where it is printed without', () => {
  expect(redact(['hunter22\n'], Buffer.from('it is hunter22.'), [4])).toBe('it is ***.');
});

test('the lines of a secret of several lines are masked one by one', () => {
  expect(redact(['first line\nsecond line\n'], Buffer.from('> first line\n> second line\n'), [5])).toBe('> ***\n> ***\n');
});

test('a value of three characters is masked only as it is', () => {
  expect(redact(['abc'], Buffer.from(`abc ${Buffer.from('abc').toString('base64')}`), [2])).toBe('*** YWJj');
});

test('a longer secret that begins before a shorter one ends is masked as a whole', () => {
  expect(redact(['bcd1', 'abcd1e'], Buffer.from('xabcd1ex xabcd1x'), [1])).toBe('x***x xa***x');
  expect(redact(['abcd', 'cdef'], Buffer.from('1abcdef1'), [3])).toBe('1***1');
});

test('a secret inside the beginning of another one that does not come to its end is masked', () => {
  expect(redact(['1234', 'x1234yyyy'], Buffer.from('x1234yyy.'), [1])).toBe('x***yyy.');
});

test('what cannot begin a secret is shown at once, and what can is held back', () => {
  const stream = new Redaction(['secret']).stream();
  expect(stream.push(Buffer.from('hello sec')).toString()).toBe('hello ');
  expect(stream.push(Buffer.from('ond')).toString()).toBe('second');
});

test('without secrets the same bytes are handed on, not copied', () => {
  const piece = Buffer.from('anything');
  expect(new Redaction(['']).stream().push(piece)).toBe(piece);
});

test('a whole text is masked for messages', () => {
  expect(new Redaction(['hunter22']).text('ended: hunter22')).toBe('ended: ***');
});

test('no secret passes, and all else does, whatever the bytes and the cuts', () => {
  const letters = fc.constantFrom('a', 'b', 'c', 'ab', 'xyzz');
  fc.assert(fc.property(
    fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }),
    fc.array(letters, { maxLength: 40 }),
    fc.array(fc.integer({ min: 1, max: 7 }), { minLength: 1, maxLength: 5 }),
    (secrets, words, sizes) => {
      const text = words.join('');
      // Values of fewer than 4 characters have no further forms, so that the expected text can be told: mask each byte that is part of one.
      const hidden = [...text].map((_, i) => secrets.some((s) => [...s].some((__, k) => i - k >= 0 && text.startsWith(s, i - k))));
      const shown = redact(secrets, Buffer.from(text), sizes);
      const expected = [...text].filter((_, i) => !hidden[i]).join('');
      expect(shown.replace(/\*\*\*/g, '')).toBe(expected);
    },
  ), { numRuns: 2000 });
});
