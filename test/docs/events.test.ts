import { readFileSync } from 'fs';
import { join } from 'path';

const read = (...path: string[]) => readFileSync(join(__dirname, '..', '..', ...path), 'utf8');

test('the README lists every type of event, and no other', () => {
  const union = read('lib', 'ports', 'events.ts');
  const types = new Set([...union.matchAll(/type: '([a-z]+(?:\.[a-z]+)?)'/g)].map(([, type]) => type));
  const table = read('README.md').split('### Events')[1].split('\n## ')[0];
  const listed = new Set(table.split('\n').filter((line) => line.startsWith('| `')).flatMap((line) => [...line.split('|')[1].matchAll(/`([^`]+)`/g)].map(([, type]) => type)));

  expect([...listed].sort()).toEqual([...types].sort());
});
