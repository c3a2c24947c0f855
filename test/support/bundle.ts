/* Bundles the building half: what starts it, itself, and what only the host ec2 needs. */
import { chmodSync, writeFileSync } from 'fs';
import { join } from 'path';
import { build, type BuildOptions } from 'esbuild';
import { usedSchemas } from './aws-schemas';
import { bundledPackages, bundleNotices } from './bundle-notices';

const root = join(__dirname, '..', '..');
const bin = join(root, 'bin');

/** Code that is kept compiled (lib/cli/code-cache.ts) has no import(). */
const COMMON: BuildOptions = {
  absWorkingDir: root,
  bundle: true,
  platform: 'node',
  target: 'node20',
  supported: { 'dynamic-import': false },
  external: ['cpu-features'],
  loader: { '.node': 'empty', '.sh': 'text' },
  legalComments: 'none',
  // What is shorter is read sooner at each start. Names stay, and lines, for those who read a stack trace.
  minifyWhitespace: true,
  lineLimit: 160,
  logLevel: 'warning',
};

/** The packages of AWS are most of the code, and most commands need none of it. Of their ES modules only what is used is bundled. */
const BUNDLES: readonly BuildOptions[] = [
  { entryPoints: ['lib/cli/launcher.ts'], outfile: join(bin, 'golden.js'), banner: { js: '#!/usr/bin/env node' } },
  { entryPoints: ['lib/cli/main.ts'], outfile: join(bin, 'engine.js'), external: ['cpu-features', './ec2-wiring'] },
  { entryPoints: ['lib/cli/ec2-wiring.ts'], outfile: join(bin, 'ec2-wiring.js'), mainFields: ['module', 'main'], plugins: [usedSchemas] },
];

async function main(): Promise<void> {
  const results = await Promise.all(BUNDLES.map((options) => build({ ...COMMON, ...options, metafile: true })));
  const inputs = results.flatMap(({ metafile }) => Object.keys(metafile.inputs));
  writeFileSync(join(bin, 'THIRD-PARTY-NOTICES'), bundleNotices(bundledPackages(inputs)));
  chmodSync(join(bin, 'golden.js'), 0o755);
}

void main();
