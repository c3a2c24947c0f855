import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join, resolve } from 'path';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { readAssembly } from '../../lib/cli/app/assembly';
import { parsePlans } from '../../lib/cli/app/plans';
import { AmiImage } from '../../lib/image/ami-image';
import { LocalSource } from '../../lib/image/sources/local-source';
import { Source } from '../../lib/image/sources/source';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'plans-')); });
afterEach(() => rmSync(folder, { recursive: true }));

test('a root tar is found from the assembly, wherever the app and the command run', () => {
  // GIVEN an app that says its tars from the folder that it runs in
  const app = new App({ outdir: join(folder, 'cdk.out') });
  const tars = { Below: 'bases/debian.tar', Beside: '../debian.tar', Elsewhere: '/var/lib/debian.tar' };
  const stacks = [new Stack(app, 'Stack'), new Stack(new Stage(app, 'Stage'), 'Stack')];
  stacks.forEach((stack) => Object.entries(tars).forEach(([id, tar]) => (
    new AmiImage(stack, id, { source: Source.local(LocalSource.rootTar(tar, 'b'.repeat(64))) })
  )));

  // WHEN
  app.synth();
  const files = readAssembly(join(folder, 'cdk.out'));
  const plans = parsePlans(files);

  // THEN
  const found = plans.map(({ plan }) => [plan.image, (plan.definition.source.local as { location: string }).location]);
  expect(found).toEqual(['Stack', 'Stage/Stack'].flatMap((stack) => [
    [`${stack}/Below`, resolve('bases/debian.tar')], [`${stack}/Beside`, resolve('../debian.tar')], [`${stack}/Elsewhere`, '/var/lib/debian.tar'],
  ]));
  // AND the plan says it from its own folder
  expect(files.map(({ text }) => /"location": "(.)/.exec(text)![1])).toEqual(['.', '.', '/', '.', '.', '/']);
});
