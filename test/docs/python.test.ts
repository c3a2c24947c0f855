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

test.each([
  ['one-stack', 'site/index.html'], ['tested-image', 'greet'], ['tested-image', 'greeter.service'],
])('the example %s in Python places the same %s as its twin', (example, file) => {
  const placed = (name: string) => readFileSync(join(ROOT, 'examples', name, file), 'utf8');
  expect(placed(`${example}-python`)).toBe(placed(example));
});
