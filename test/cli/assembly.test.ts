import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { planOf, writeAssembly } from './sample-assembly';
import { readAssembly } from '../../lib/cli/app/assembly';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'assembly-')); });
afterEach(() => rmSync(folder, { recursive: true }));

test('plans are found by the manifest, sorted by image', () => {
  writeAssembly(folder, { b: planOf('Stack/B'), a: planOf('Stack/A') });
  expect(readAssembly(folder).map(({ image, path }) => [image, path])).toEqual([
    ['Stack/A', join(folder, 'a.golden-plan.json')], ['Stack/B', join(folder, 'b.golden-plan.json')],
  ]);
});

test('plans of nested assemblies are found, however deep', () => {
  writeAssembly(join(folder, 'stage', 'inner'), { c: planOf('Stage/Inner/C') });
  writeAssembly(join(folder, 'stage'), { b: planOf('Stage/B') }, ['inner']);
  writeAssembly(folder, { a: planOf('A') }, ['stage']);
  expect(readAssembly(folder).map(({ image }) => image)).toEqual(['A', 'Stage/B', 'Stage/Inner/C']);
});

test('a plan that is too broken to say its image goes by the name of its file', () => {
  writeAssembly(folder, { StackWeb: '{ "image": ' });
  expect(readAssembly(folder)).toEqual([{ path: join(folder, 'StackWeb.golden-plan.json'), text: '{ "image": ', image: 'StackWeb' }]);
});

test('the folder itself may be reached by a link', () => {
  writeAssembly(join(folder, 'real'), { a: planOf('A') });
  symlinkSync('real', join(folder, 'link'));
  expect(readAssembly(join(folder, 'link')).map(({ image }) => image)).toEqual(['A']);
});

test('a plan that the manifest places outside of the assembly is refused', () => {
  writeAssembly(folder, { evil: planOf('Evil') });
  writeAssembly(join(folder, 'out'), {});
  writeFileSync(join(folder, 'out', 'manifest.json'), JSON.stringify({ artifacts: { x: { type: 'none', properties: { file: '../evil.golden-plan.json' } } } }));
  expect(() => readAssembly(join(folder, 'out'))).toThrow(expect.objectContaining({
    code: 'outside-assembly', position: { file: join(folder, 'out', 'manifest.json') },
  }) as Error);
});

test('a link that leads out of the assembly is refused, for plans and for nested assemblies', () => {
  writeAssembly(join(folder, 'elsewhere'), { evil: planOf('Evil') });
  writeAssembly(join(folder, 'plan'), { evil: planOf('Evil') });
  rmSync(join(folder, 'plan', 'evil.golden-plan.json'));
  symlinkSync('../elsewhere/evil.golden-plan.json', join(folder, 'plan', 'evil.golden-plan.json'));
  writeAssembly(join(folder, 'nested'), {}, ['inner']);
  symlinkSync('../elsewhere', join(folder, 'nested', 'inner'));

  expect(() => readAssembly(join(folder, 'plan'))).toThrow(expect.objectContaining({ code: 'outside-assembly' }) as Error);
  expect(() => readAssembly(join(folder, 'nested'))).toThrow(expect.objectContaining({ code: 'outside-assembly' }) as Error);
});

test('a folder whose name only begins like that of the assembly is outside', () => {
  writeAssembly(join(folder, 'out-evil'), { evil: planOf('Evil') });
  writeAssembly(join(folder, 'out'), {}, ['../out-evil']);
  expect(() => readAssembly(join(folder, 'out'))).toThrow(expect.objectContaining({ code: 'outside-assembly' }) as Error);
});

test('a plan that is listed and missing is an error that names both files', () => {
  writeAssembly(folder, { a: planOf('A') });
  rmSync(join(folder, 'a.golden-plan.json'));
  expect(() => readAssembly(folder)).toThrow(expect.objectContaining({
    code: 'missing-file', message: `${folder}/a.golden-plan.json does not exist`, position: { file: `${folder}/manifest.json` },
  }) as Error);
});

test('a folder without a manifest is no assembly', () => {
  expect(() => readAssembly(folder)).toThrow(expect.objectContaining({ code: 'no-assembly' }) as Error);
  expect(() => readAssembly(join(folder, 'nope'))).toThrow(expect.objectContaining({ code: 'missing-file' }) as Error);
});
