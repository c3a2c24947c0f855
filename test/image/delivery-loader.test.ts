import { createHash } from 'crypto';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { LOADER } from '../../lib/image/delivery/loader';
import { run } from '../../lib/process';

// What an asset of a stack runs, as the CDK runs it: from the user's folder, as a child of the CDK's process.
let home: string;

beforeEach(() => { home = mkdtempSync(join(realpathSync(tmpdir()), 'loader-')); });
afterEach(() => rmSync(home, { recursive: true }));

const digest = (text: string) => createHash('sha256').update(text).digest('hex');

/** An assembly whose engine says what it was called with. */
function assembly(folder: string, text = 'plan'): void {
  for (const [file, content] of [
    ['manifest.json', '{}'], ['Web.golden-plan.json', text], ['assembly-Prod/Stack.assets.json', '{}'], ['assembly-Prod/Web.golden-plan.json', text],
    ['golden/golden.js', '#!/usr/bin/env node\nprocess.stdout.write(JSON.stringify([__filename, ...process.argv.slice(1)]));\n'],
  ]) {
    const path = join(home, folder, file);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, content);
  }
}

/** Stands for the CDK: starts the asset's command, and ends as it does. */
const CDK = `const { spawnSync } = require('child_process');
const { status } = spawnSync(process.execPath, JSON.parse(process.env.COMMAND), { stdio: ['ignore', 'inherit', 'inherit'] });
process.exitCode = status;`;

interface Ended {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface Call {
  readonly cdk?: readonly string[];
  readonly at?: string;
  readonly plan?: string;
  readonly loader?: string;
  readonly rest?: readonly string[];
  readonly environment?: { readonly [name: string]: string };
}

/** Runs an asset's command below a CDK that was called with some arguments. */
async function load(call: Call = {}): Promise<Ended> {
  const { cdk = ['deploy', '--all'], at = 'elsewhere', plan = 'Web.golden-plan.json', loader = LOADER, rest = [], environment } = call;
  const script = join(home, 'cdk.js');
  writeFileSync(script, CDK);
  const COMMAND = JSON.stringify(['-e', loader, at, digest('plan'), 'apply', '--plan', plan, ...rest]);
  const env = { PATH: process.env.PATH, COMMAND, ...environment };
  const { exitCode, stdout, stderr } = await run([process.execPath, script, ...cdk], { cwd: home, env });
  return { exitCode, stdout: stdout.toString(), stderr: stderr.toString() };
}

const called = async (call: Call) => JSON.parse((await load(call)).stdout) as string[];

test('the engine in the assembly that was synthesised here is called with the plan by its absolute path', async () => {
  assembly('out/cdk.out');
  const engine = join(home, 'out/cdk.out/golden/golden.js');
  expect(await called({ at: 'out/cdk.out', rest: ['--role-arn', 'arn'] })).toEqual([
    engine, engine, 'apply', '--plan', join(home, 'out/cdk.out/Web.golden-plan.json'), '--role-arn', 'arn',
  ]);
});

test.each<[string, string, Call]>([
  ['that --app names', 'moved here/out', { cdk: ['deploy', '--app', 'moved here/out'] }],
  ['that --app= names', 'moved here/out', { cdk: ['deploy', '--app=moved here/out'] }],
  ['that -a names', 'moved/out', { cdk: ['deploy', '-a', 'moved/out'] }],
  ['around the stage that is named', 'moved/out', { cdk: ['deploy', '--app', 'moved/out/assembly-Prod'], plan: 'assembly-Prod/Web.golden-plan.json' }],
  ['around the asset manifest that is named', 'moved/out', { cdk: ['publish', '--path', 'moved/out/assembly-Prod/Stack.assets.json'], plan: 'assembly-Prod/Web.golden-plan.json' }],
  ['that the environment names', 'moved/out', { environment: { GOLDEN_ASSEMBLY: 'moved/out' } }],
  ['in the folder cdk.out', 'cdk.out', {}],
  ['in the working folder', '.', { cdk: ['publish', '--path', 'Stack.assets.json'] }],
])('an assembly %s is found', async (_, folder, call) => {
  assembly(folder);
  expect((await called(call))[0]).toBe(join(home, folder, 'golden', 'golden.js'));
});

test.each(['app', 'output'])('an assembly that cdk.json names as %s is found', async (option) => {
  assembly('moved/out');
  writeFileSync(join(home, 'cdk.json'), JSON.stringify({ context: { a: 1 }, requireApproval: 'never', [option]: 'moved/out' }));
  expect((await called({}))[0]).toBe(join(home, 'moved/out/golden/golden.js'));
});

test('where there is no /proc, ps says what the CDK was called with', async () => {
  assembly('moved/out');
  expect((await called({ cdk: ['deploy', '--app', 'moved/out'], loader: LOADER.replace('/proc/', '/nowhere/') }))[0]).toBe(join(home, 'moved/out/golden/golden.js'));
});

test('an assembly with another plan of that name is not taken', async () => {
  assembly('cdk.out', 'an older plan');
  assembly('moved/out');
  expect((await called({ at: 'cdk.out', cdk: ['deploy', '--app', 'moved/out'] }))[0]).toBe(join(home, 'moved/out/golden/golden.js'));
});

test('an assembly that is nowhere fails with what to type', async () => {
  expect(await load()).toEqual({
    exitCode: 1,
    stdout: '',
    stderr: 'not built\n\nThe assembly with Web.golden-plan.json was not found. Say where it is: GOLDEN_ASSEMBLY=cdk.out cdk deploy ...\n',
  });
});

test('an engine that fails ends the command with its exit code, and its own words', async () => {
  assembly('cdk.out');
  writeFileSync(join(home, 'cdk.out/golden/golden.js'), 'console.error("the reason"); process.exitCode = 1;\n');
  expect(await load()).toEqual({ exitCode: 1, stdout: '', stderr: 'the reason\n' });
});
