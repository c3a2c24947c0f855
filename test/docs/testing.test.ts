import { readFileSync } from 'fs';
import { join } from 'path';

const read = (...path: string[]) => readFileSync(join(__dirname, '..', '..', ...path), 'utf8');

test('the guide shows the test of the example, which is run', () => {
  const pieces = [...read('docs', 'testing.md').matchAll(/^```typescript\n(.*?)^```$/gms)].map(([, code]) => code);
  expect(pieces).toEqual([read('examples', 'tested-image', 'greeter-image.machine.test.ts')]);
});
