import { chmodSync, existsSync, lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { App, Aspects, Stack, Stage } from 'aws-cdk-lib';
import { AmiImage } from '../../lib/image/ami-image';
import { FileSource } from '../../lib/image/file-source';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { Source } from '../../lib/image/sources/source';
import { assetDigest } from '../../lib/plan/asset';
import { parsePlan } from '../../lib/plan/parse';

let work: string;
beforeEach(() => {
  work = mkdtempSync(join(tmpdir(), 'golden-synthesis-'));
  mkdirSync(join(work, 'site/empty'), { recursive: true });
  writeFileSync(join(work, 'site/index.html'), 'hello\r\n');
  writeFileSync(join(work, 'site/run'), '#!/bin/sh\n');
  chmodSync(join(work, 'site/run'), 0o700);
  symlinkSync('index.html', join(work, 'site/default.html'));
});
afterEach(() => rmSync(work, { recursive: true }));

/** Synthesises an app with one image that has the site; returns its output folder. */
function synthesise(outdir = join(work, 'cdk.out')): string {
  const app = new App({ outdir });
  declareSite(new Stack(app, 'Stack'));
  app.synth();
  return outdir;
}

function declareSite(stack: Stack): AmiImage {
  return new AmiImage(stack, 'Image', {
    source: Source.debian('12'),
    provisioners: [Provisioner.file({ source: FileSource.asset(join(work, 'site/')), destination: '/srv' })],
  });
}

const planFile = (outdir: string) => readdirSync(outdir).find((name) => name.endsWith('.golden-plan.json'))!;
const assetFolder = (outdir: string) => join(outdir, 'golden-assets', assetDigest(join(work, 'site')));

test('the assembly has the plan, listed in its manifest as an artifact that CDK ignores', () => {
  const outdir = synthesise();
  const file = planFile(outdir);

  expect(file).toBe('StackImage0AAF7F44.golden-plan.json');
  expect(JSON.parse(readFileSync(join(outdir, 'manifest.json'), 'utf8')).artifacts[file]).toEqual({
    type: 'none', displayName: 'Stack/Image', properties: { file },
  });
  const text = readFileSync(join(outdir, file), 'utf8');
  expect(parsePlan(text, file)).toMatchObject({ version: 1, image: 'Stack/Image', target: {} });
  expect(text).toMatch(/^\{\n {2}"builder"[^]*\}\n$/);
});

test('the plan of an image in a stage lies in the assembly of the stage', () => {
  const app = new App({ outdir: join(work, 'cdk.out') });
  declareSite(new Stack(new Stage(app, 'Production'), 'Stack'));
  app.synth();
  const outdir = join(work, 'cdk.out', 'assembly-Production');
  expect(parsePlan(readFileSync(join(outdir, planFile(outdir)), 'utf8'), '').image).toBe('Production/Stack/Image');
  expect(existsSync(assetFolder(outdir))).toBe(true);
});

test('assets are copied byte for byte, with links, empty folders and executable bits, whatever the umask', () => {
  const before = process.umask(0o077);
  try {
    const copy = assetFolder(synthesise());
    expect(assetDigest(copy)).toBe(assetDigest(join(work, 'site')));
    expect(readFileSync(join(copy, 'index.html'), 'utf8')).toBe('hello\r\n');
    expect(readlinkSync(join(copy, 'default.html'))).toBe('index.html');
    const mode = (name: string) => lstatSync(join(copy, name)).mode & 0o777;
    expect(['', 'empty', 'run', 'index.html'].map(mode)).toEqual([0o755, 0o755, 0o755, 0o644]);
  } finally {
    process.umask(before);
  }
});

test('two syntheses, in other folders and under another umask, give the same bytes', () => {
  const first = synthesise(join(work, 'a'));
  const before = process.umask(0o077);
  const second = synthesise(join(work, 'deeper', 'b'));
  process.umask(before);
  expect(readFileSync(join(second, planFile(second)), 'utf8')).toBe(readFileSync(join(first, planFile(first)), 'utf8'));
  expect(readFileSync(join(first, planFile(first)), 'utf8')).not.toContain(work);
});

test('a file that changes while the app is synthesised is an error, and leaves no half of an asset', () => {
  const app = new App({ outdir: join(work, 'cdk.out') });
  const stack = new Stack(app, 'Stack');
  declareSite(stack);
  Aspects.of(stack).add({ visit: () => writeFileSync(join(work, 'site/index.html'), 'changed') });
  expect(() => app.synth()).toThrow(`${join(work, 'site')} changed while the app was synthesised`);
  expect(readdirSync(join(work, 'cdk.out', 'golden-assets'))).toEqual([]);
});

test('an asset of an earlier synthesis is kept, and replaced if somebody edited it', () => {
  const outdir = synthesise();
  const written = lstatSync(assetFolder(outdir)).ino;
  synthesise();
  expect(lstatSync(assetFolder(outdir)).ino).toBe(written);

  writeFileSync(join(assetFolder(outdir), 'index.html'), 'edited');
  synthesise();
  expect(readFileSync(join(assetFolder(outdir), 'index.html'), 'utf8')).toBe('hello\r\n');
});
