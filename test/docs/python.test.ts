import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';

const ROOT = join(__dirname, '..', '..');
const EXAMPLE = join(ROOT, 'examples', 'one-stack-python');
const guide = readFileSync(join(ROOT, 'docs', 'python.md'), 'utf8');

test('every piece of Python in the guide is of the example, which is deployed', () => {
  const pieces = [...guide.matchAll(/^```python\n(.*?)^```$/gms)].map(([, code]) => code);
  const files = readdirSync(EXAMPLE).filter((name) => name.endsWith('.py')).map((name) => readFileSync(join(EXAMPLE, name), 'utf8'));
  expect(pieces).toHaveLength(2);
  expect(pieces.filter((piece) => !files.includes(piece))).toEqual([]);
});

test('the example in Python places the same files as its twin', () => {
  const page = (example: string) => readFileSync(join(ROOT, 'examples', example, 'site', 'index.html'), 'utf8');
  expect(page('one-stack-python')).toBe(page('one-stack'));
});
