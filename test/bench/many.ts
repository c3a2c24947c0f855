/*
 * Many images at once under EC2's request buckets: how many builds fail, and what each costs in calls and memory. The instances
 * run nothing but what the API needs. Prints figures; fails only where a build fails.
 */
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { startCloud } from './running-cloud';
import { golden } from '../support/golden';

const COUNT = process.argv.includes('--quick') ? 10 : 100;

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'golden-many-'));
  const cloud = await startCloud();
  try {
    const env = {
      ...cloud.environment, GOLDEN_HOME: join(folder, 'home'), GOLDEN_CALLER_ADDRESS: '127.0.0.1', BENCH_IMAGES: String(COUNT), BENCH_STEPS: '[]',
    };
    const synthesised = await golden(['synth', '--app', `tsx ${join(__dirname, 'app.ts')}`], { cwd: folder, env });
    if (synthesised.exitCode !== 0) { throw new Error(synthesised.stderr); }
    const durations = { pending: 3000, stopping: 3000, shuttingDown: 3000, image: 5000, snapshot: 5000, copy: 5000 };
    await cloud.ask({ delayMs: 0, buckets: true, durations });
    const build = ['build', '--host', 'ec2', '--app', 'cdk.out', '--json', '--parallel', String(COUNT)];
    const run = await golden(build, { cwd: folder, env: { ...env, NODE_OPTIONS: `--require ${join(__dirname, 'peak-memory.cjs')}` } });
    const built = run.events.filter(({ type, status }) => type === 'build.finished' && status === 'built').length;
    const peak = Number(/peak memory (\d+) KiB/.exec(run.stderr)?.[1] ?? Number.NaN);
    const { calls, throttled } = await cloud.ask({ delayMs: 0 });
    const total = Object.values(calls).reduce((sum, count) => sum + count, 0);
    console.log(`${built} of ${COUNT} images built in ${run.seconds.toFixed(1)} s; exit code ${run.exitCode}`);
    console.log(`${(total / COUNT).toFixed(1)} API calls for each build, ${throttled} of ${total} refused by the buckets`);
    console.log(`${(peak / 1024).toFixed(0)} MiB of memory at the most, ${(peak / 1024 / COUNT).toFixed(1)} MiB for each build`);
    for (const [action, count] of Object.entries(calls).sort(([, a], [, b]) => b - a)) { console.log(`  ${action.padEnd(36)}${String(count).padStart(6)}`); }
    if (built !== COUNT) { throw new Error(run.stdout.split('\n').filter((line) => line.includes('"failed"')).slice(0, 3).join('\n')); }
  } finally {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
