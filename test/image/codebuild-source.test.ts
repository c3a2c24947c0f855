import { execFileSync } from 'child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'fs';
import { join } from 'path';
import { NestedStack, Stack, Stage } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { Assemblies, env, imageIn, propertiesOf } from './codebuild-declaration';
import { declareImage } from './declaration';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { FileSource } from '../../lib/image/file-source';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { assetDigest } from '../../lib/plan/asset';

let assemblies: Assemblies;
beforeEach(() => { assemblies = new Assemblies(); });
afterEach(() => assemblies.remove());

/** Folders of the sources of builds in an assembly. */
const sourcesIn = (at: string) => readdirSync(at).filter((name) => name.startsWith('golden-codebuild.'));
const hashIn = (at: string) => sourcesIn(at)[0].split('.')[1];
const filesIn = (at: string) => (
  JSON.parse(readFileSync(join(at, readdirSync(at).find((name) => /Images[^.]*\.assets\.json$/.test(name))!), 'utf8')).files
);
const putting = (source: FileSource) => ({ provisioners: [Provisioner.file({ source, destination: '/srv' })] });

/** The assembly of an app with one image. */
function synthesise(props: Partial<AmiImageProps> = {}, app = assemblies.app()): string {
  imageIn(assemblies.stack(app), {}, props);
  app.synth();
  return app.outdir;
}

/** A folder of the kind that zips make a mess of. */
function site(): string {
  const folder = join(assemblies.folder, 'site');
  mkdirSync(join(folder, 'empty'), { recursive: true });
  writeFileSync(join(folder, 'it\'s a page.html'), 'page');
  writeFileSync(join(folder, 'run'), '#!/bin/sh\n');
  chmodSync(join(folder, 'run'), 0o755);
  symlinkSync('it\'s a page.html', join(folder, 'index.html'));
  return folder;
}

test('what CodeBuild gets is one zip with the engine, the plan and its own files, and no others', () => {
  const app = assemblies.app();
  declareImage(putting(FileSource.asset(site())), assemblies.stack(app, 'Others'));
  const at = synthesise({}, app);

  const [folder] = sourcesIn(at);
  expect(filesIn(at)[hashIn(at)]).toMatchObject({ source: { path: folder, packaging: 'zip' } });
  expect(readdirSync(join(at, folder), { recursive: true, encoding: 'utf8' }).sort()).toEqual([
    'ImagesImage8C66D468.golden-plan.json', 'golden', 'golden/ec2-wiring.js', 'golden/engine.js', 'golden/golden.js', 'golden/restore.sh', 'manifest.json',
  ]);
  expect(readFileSync(join(at, folder, 'golden', 'engine.js'), 'utf8').length).toBeGreaterThan(100_000);
});

test('CodeBuild looks for it where it is published', () => {
  const app = assemblies.app();
  const stack = assemblies.stack(app);
  imageIn(stack);
  const { Source } = propertiesOf(Template.fromStack(stack), 'AWS::CodeBuild::Project');
  expect(Source).toMatchObject({ Type: 'S3', Location: `cdk-hnb659fds-assets-111122223333-eu-west-1/${hashIn(app.outdir)}.zip` });
});

test('it has the same hash on every computer, and another where the plan is another', () => {
  const hash = hashIn(synthesise());
  expect(hashIn(synthesise())).toBe(hash);
  expect(hashIn(synthesise({ builder: { waitForCloudInit: false } }))).not.toBe(hash);
});

test('it has its files back as they were, links, empty folders and modes, though a zip has none of them', () => {
  const folder = site();
  const digest = assetDigest(folder);
  const at = synthesise(putting(FileSource.asset(folder)));
  // As a zip leaves them.
  const unpacked = join(assemblies.folder, 'unpacked');
  const script = 'mkdir "$2"; (cd "$1"; find . -type f -print0 | tar c --null -T - --mode=a-x,u+r) | tar x -C "$2"';
  execFileSync('sh', ['-c', script, 'sh', join(at, sourcesIn(at)[0]), unpacked]);
  execFileSync('sh', ['golden/restore.sh'], { cwd: unpacked });
  expect(assetDigest(join(unpacked, 'golden-assets', digest))).toBe(digest);
});

test('it lies with its stack in the assembly of a stage', () => {
  const app = assemblies.app();
  imageIn(new Stack(new Stage(app, 'Prod', { env }), 'Images'));
  app.synth();
  const nested = join(app.outdir, 'assembly-Prod');
  expect(filesIn(nested)[hashIn(nested)].source.path).toBe(sourcesIn(nested)[0]);
});

test('it is an asset of the outermost stack where the image is declared in a nested one', () => {
  const app = assemblies.app();
  const nested = new NestedStack(assemblies.stack(app), 'Nested');
  const image = imageIn(nested as Stack);
  new CfnInstance(nested.nestedStackParent!, 'Box', { imageId: image.imageId });
  app.synth();
  expect(filesIn(app.outdir)[hashIn(app.outdir)].source.path).toBe(sourcesIn(app.outdir)[0]);
});

test('it has the plan with the places of all stacks that use the image, also those that are found last', () => {
  const app = assemblies.app();
  const home = assemblies.stack(app);
  const image = imageIn(home);
  const there = new Stack(app, 'There', { env: { ...env, region: 'us-east-1' } });
  new CfnInstance(there, 'Box', { imageId: image.imageId });
  app.synth();
  const source = join(app.outdir, sourcesIn(app.outdir)[0]);
  const plan = JSON.parse(readFileSync(join(source, 'ImagesImage8C66D468.golden-plan.json'), 'utf8'));
  expect(plan.delivery.regions).toEqual([{ region: 'us-east-1' }]);
  const alone = synthesise();
  expect(hashIn(app.outdir)).not.toBe(hashIn(alone));
  const template = JSON.parse(readFileSync(join(app.outdir, 'Images.template.json'), 'utf8'));
  const [{ Properties: { DeliveryHash } }] = Object.values<any>(template.Resources).filter(({ Type }) => Type === 'Custom::GoldenImageBuild');
  expect(DeliveryHash).toBe(plan.deliveryHash);
  expect(JSON.stringify(template)).toContain('arn:aws:ec2:us-east-1::image/*');
});
