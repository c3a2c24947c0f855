import { spawnSync } from 'child_process';
import fc from 'fast-check';
import { quote, quoteAll } from '../../lib/plan/shell';

/** What a real shell makes of words: a program prints its arguments, each ended by a NUL. One process for all. */
function throughShell(words: readonly string[]): string[] {
  const script = words.map((word) => `printf '%s\\0' ${quote(word)}\n`).join('');
  const { status, stdout, stderr } = spawnSync('sh', { input: Buffer.from(script), maxBuffer: 1 << 28, env: { PATH: process.env.PATH } });
  expect(stderr.toString()).toBe('');
  expect(status).toBe(0);
  return stdout.toString().split('\0').slice(0, -1);
}

test.each([
  '', ' ', '\'', '"', '\\', '\n', '\r\n', '\t', '$HOME', '$(id)', '`id`', '${x}', '!!', '~', '~root', '*', '?', '[a]', '{a,b}', '-n', '--', '-e x',
  '#x', 'a;b', 'a&b', 'a|b', '<a', '>a', '(a)', 'a=b', '%s', '\\n', '\'"\'"\'', 'x\'; rm -rf /; \'', '\u0001\u001b[0m', 'ü€😀', 'a\\', '\\\'', '\n\n',
])('a shell takes %j for one word, as it is', (word) => {
  expect(throughShell([word])).toEqual([word]);
});

test('10,000 random words arrive as they are', () => {
  const nasty = fc.string({ unit: fc.constantFrom(...'\'"\\$`!*?[]{}()<>|&;#~=%-+ \t\n\ra1üé€😀') });
  // A lone surrogate has no bytes that could arrive.
  const word = fc.oneof(nasty, fc.string({ unit: 'binary' })).map((text) => Buffer.from(text.replace(/\0/g, '')).toString());
  const words = fc.sample(word, { numRuns: 10_000, seed: 1 });
  expect(throughShell(words)).toEqual(words);
});

test('several words stay several words', () => {
  const { stdout } = spawnSync('sh', ['-c', `set -- ${quoteAll(['a b', '', '-n', '\''])}; printf '<%s>' "$@"`]);
  expect(stdout.toString()).toBe('<a b><><-n><\'>');
});

test('a word that needs no quotes is left as it is', () => {
  expect(quoteAll(['systemctl', '--now', '/etc/a-b_c.d/x@1:2', 'a=b,c%+'])).toBe('systemctl --now /etc/a-b_c.d/x@1:2 a=b,c%+');
});

test('a NUL is refused: nothing can carry it', () => {
  expect(() => quote('a\0b')).toThrow('A NUL byte cannot be part of a shell word');
});
