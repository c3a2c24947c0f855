import { cut, harmlessLine, LineAssembler } from '../../lib/cli/reporting/terminal-text';

test.each([
  ['colours', '\x1b[1;31mred\x1b[0m text', 'red text'],
  ['cursor movements and erasures', 'a\x1b[2J\x1b[Hb\x1b[10Ac', 'abc'],
  ['titles of windows', '\x1b]0;owned\x07hello \x1b]2;x\x1b\\there', 'hello there'],
  ['device queries, whose answers would be typed for the user', '\x1b[c\x1b[6n\x1bP+q544e\x1b\\\x1bZok', 'ok'],
  ['clipboard writes', '\x1b]52;c;ZXZpbA==\x07ok', 'ok'],
  ['an unfinished sequence', 'before\x1b]0;never ended', 'before'],
  ['8-bit controls', 'a\u009b31mb\u0085c', 'a31mbc'],
  ['bells and backspaces', 'pass\x07word\x08\x08', 'password'],
  ['all but the end of a progress bar', ' 10%\r 50%\r100%\r', '100%'],
])('%s are taken out', (_what, line, harmless) => {
  expect(harmlessLine(line)).toBe(harmless);
});

test('letters of all scripts stay, tabs become spaces', () => {
  expect(harmlessLine('größe\t日本語 🎉')).toBe('größe    日本語 🎉');
});

test('lines are put together from pieces', () => {
  const lines = new LineAssembler();
  expect(lines.add('one\ntw')).toEqual(['one']);
  expect(lines.add('o\n\nthr')).toEqual(['two', '']);
  expect(lines.flush()).toEqual(['thr']);
  expect(lines.flush()).toEqual([]);
});

test('a line without an end is handed over in parts', () => {
  const lines = new LineAssembler();
  const parts = Array.from({ length: 100 }, () => lines.add('x'.repeat(10_000))).concat([lines.flush()]).flat();
  expect(parts.join('')).toBe('x'.repeat(1_000_000));
  expect(Math.max(...parts.map(({ length }) => length))).toBeLessThan(80_000);
});

test('a long line is cut, between letters', () => {
  expect(cut('🎉🎉🎉🎉', 3)).toBe('🎉🎉…');
  expect(cut('fits', 4)).toBe('fits');
});
