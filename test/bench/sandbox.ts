/* Speed of the sandbox host, as figures. Fails only where a build fails, never on time. Needs root. */
import { spawnSync } from 'child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { golden, GOLDEN, type GoldenRun } from '../support/golden';

const RUNS = 3;
const HOME = process.env.GOLDEN_TEST_HOME ?? join(tmpdir(), 'golden-test-home');
const work = mkdtempSync(join(tmpdir(), 'golden-bench-'));
const app = `tsx ${join(__dirname, 'apps.ts')}`;

async function build(name: string, env: NodeJS.ProcessEnv = {}, ...args: string[]): Promise<GoldenRun> {
  const run = await golden(['build', '--app', app, '--json', ...args], { cwd: work, env: { GOLDEN_HOME: HOME, BENCH_APP: name, ...env } });
  if (run.exitCode !== 0) { throw new Error(`${name}: ${run.stderr}${run.stdout.slice(-2000)}`); }
  return run;
}

function phase(run: GoldenRun, ...names: string[]): number {
  return run.events.filter((e) => e.type === 'phase.finished' && names.includes(e.phase)).reduce((sum, e) => sum + e.seconds, 0);
}

function median(figures: readonly number[]): number {
  return [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)];
}

async function medianOf(measure: () => Promise<number>): Promise<number> {
  const figures: number[] = [];
  for (let i = 0; i < RUNS; i++) { figures.push(await measure()); }
  return median(figures);
}

function elapsed(argv: readonly string[]): number {
  const started = process.hrtime.bigint();
  const { status, stderr } = spawnSync(argv[0], argv.slice(1), { cwd: work, env: { ...process.env, GOLDEN_HOME: HOME, BENCH_APP: 'one-shell' } });
  if (status !== 0) { throw new Error(`${argv.join(' ')}: ${stderr}`); }
  return Number(process.hrtime.bigint() - started) / 1e9;
}

function report(what: string, figure: number, unit: string, goal: string): void {
  console.log(`${what.padEnd(68)} ${figure.toFixed(2).padStart(8)} ${unit.padEnd(2)}  goal ${goal}`);
}

async function main(): Promise<void> {
  await build('one-shell', {}, '--no-cache'); // makes the base
  console.log(`Medians of ${RUNS} runs, on a cached base.\n`);

  report('cached base to a machine that takes commands', await medianOf(async () => phase(await build('one-shell', {}, '--no-cache'), 'launch', 'connect')), 's', '< 1');

  const one = await medianOf(async () => phase(await build('one-shell', {}, '--no-cache'), 'provision'));
  const fifty = await medianOf(async () => phase(await build('fifty-shells', {}, '--no-cache'), 'provision'));
  report('50 one-line shell provisioners, beyond one', fifty - one, 's', '< 0.5');

  const files = join(work, 'files');
  for (let i = 0; i < 2000; i++) {
    const folder = join(files, String(i % 20));
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `file-${i}`), Buffer.alloc(4096, i));
  }
  const put = async () => phase(await build('files', { BENCH_FILES: files }, '--no-cache'), 'provision');
  report('2,000 files of 4 KiB', await medianOf(put), 's', '< 1');

  // Against a synthesised assembly: the app's own time is the user's.
  await golden(['synth', '--app', app], { cwd: work, env: { BENCH_APP: 'one-shell' } });
  elapsed([process.execPath, GOLDEN, 'build', '--app', 'cdk.out']);
  const unchanged = await medianOf(async () => elapsed([process.execPath, GOLDEN, 'build', '--app', 'cdk.out']) - elapsed([process.execPath, '-e', '0']));
  report('an unchanged image is recognised, beyond the start of Node', unchanged, 's', '< 0.3');

  for (const value of ['1', '2']) { await build('last-changed', { BENCH_LAST: value }); }
  const last = await build('last-changed', { BENCH_LAST: '3' });
  const count = (type: string) => last.events.filter((e) => e.type === type).length;
  console.log(`a change in the last of two provisioners: ${count('instruction.cached')} cached, ${count('instruction.started')} run`);

  const synthesis = (kind: string) => Number(spawnSync('npx', ['tsx', '-e',
    `const { synthesisSeconds } = require(${JSON.stringify(join(__dirname, 'apps.ts'))}); console.log(synthesisSeconds(${JSON.stringify(kind)}, 1000))`]).stdout.toString().trim().split('\n').pop());
  const images = await medianOf(async () => synthesis('images'));
  const instances = await medianOf(async () => synthesis('instances'));
  report('synthesis of 1,000 images, in terms of 1,000 ec2.Instance', images / instances, 'x', '< 1.5');
}

void main().finally(() => rmSync(work, { recursive: true, force: true }));
