/*
 * This project and Packer, side by side: the same emulated API, the same machines with a real SSH server, the same steps.
 * Prints medians and ratios; fails where a build fails, never on time. Needs root, `packer` and `openssh-server`.
 */
import { spawnSync } from 'child_process';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { setFlagsFromString } from 'v8';
import { runInNewContext } from 'vm';
import type { CloudRequest } from './cloud';
import { goldenContender, packerContender, type Contender, type Timing } from './contenders';
import { startCloud, type RunningCloud } from './running-cloud';
import { workloads, type Workload, type WorkloadName } from './workloads';

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

const quick = process.argv.includes('--quick');
const RUNS = quick ? 1 : 5;
/** 25 ms each way. */
const FAR_MS = 25;
/** Packer alone takes minutes for these at 50 ms. */
const RUNS_OF_SLOW = 1;

/** What states take in the last comparison, in milliseconds. */
const SLOW = { pending: 3500, stopping: 6000, shuttingDown: 5000, image: 11_500, snapshot: 11_500, copy: 11_500 };

/** Packer asks every 15 seconds, where it is not told otherwise. */
const EVERY_SECOND = { AWS_POLL_DELAY_SECONDS: '1', AWS_MAX_ATTEMPTS: '600' };

async function main(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'golden-bench-'));
  const all = workloads(folder);
  settle();
  const only = process.argv.slice(2).filter((word) => !word.startsWith('--')) as WorkloadName[];
  const unknown = only.filter((name) => !(name in all));
  if (unknown.length > 0) {
    console.error(`There is no workload ${unknown.join(', ')}: write ${Object.keys(all).join(', ')}, or none for all.`);
    process.exitCode = 1;
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  const cloud = await startCloud();
  try {
    const names = only.length > 0 ? only : Object.keys(all) as WorkloadName[];
    console.log(`Medians of ${RUNS} ${RUNS === 1 ? 'run' : 'runs'}, in seconds. States take no time, but where they are said to be slow.\nThe round trip is that to the machine; the way to the API takes no time.\n`);
    console.log(row(['', 'round trip', 'golden', 'Packer', 'ratio', 'goal']));
    // The emulated API is slow in its first calls: whoever came first would pay for it.
    await timings(cloud, await goldenContender(join(folder, 'first'), all.image.steps, () => cloud.environment), { delayMs: 0 }, RUNS);
    for (const name of names) {
      for (const delayMs of [0, FAR_MS]) { await compare(cloud, join(folder, `${name}-${delayMs}`), all[name], delayMs); }
    }
    if (only.length === 0 || process.argv.includes('--slow')) { await compareSlow(cloud, join(folder, 'slow'), all.image); }
  } finally {
    await cloud.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(cloud: RunningCloud, folder: string, workload: Workload, delayMs: number): Promise<void> {
  const ours = await goldenContender(join(folder, 'golden'), workload.steps, () => cloud.environment);
  const theirs = packerContender(join(folder, 'packer'), workload.steps, () => cloud.environment);
  // Its program is compiled at its first run in a home, and kept; Packer's comes compiled.
  await timings(cloud, ours, { delayMs: 0 }, 1);
  const a = median(await timings(cloud, ours, { delayMs }, RUNS), workload.measure);
  const b = median(await timings(cloud, theirs, { delayMs }, delayMs > 0 && workload.goal >= 25 ? RUNS_OF_SLOW : RUNS), workload.measure);
  const label = workload.measure === 'wall' ? workload.name : `${workload.name} (on the machine)`;
  const ratio = b[workload.measure] / a[workload.measure];
  console.log(row([label, `${delayMs * 2} ms`, seconds(a[workload.measure]), seconds(b[workload.measure]), `${ratio.toFixed(1)} x`, delayMs > 0 ? `${workload.goal} x` : '']));
  if (process.argv.includes('--phases')) { for (const timing of [a, b]) { console.log(`    ${JSON.stringify(timing)}`); } }
}

/** With states that take seconds: how much of a build is neither waiting for them nor work. */
async function compareSlow(cloud: RunningCloud, folder: string, workload: Workload): Promise<void> {
  const ours = await goldenContender(join(folder, 'golden'), workload.steps, () => cloud.environment);
  const theirs = packerContender(join(folder, 'packer'), workload.steps, () => cloud.environment);
  const tuned = packerContender(join(folder, 'tuned'), workload.steps, () => cloud.environment, EVERY_SECOND);
  const quickly = median(await timings(cloud, ours, { delayMs: FAR_MS }, RUNS), 'wall');
  const request = { delayMs: FAR_MS, durations: SLOW };
  const a = median(await timings(cloud, ours, request, 1), 'wall');
  const b = median(await timings(cloud, theirs, request, 1), 'wall');
  const c = median(await timings(cloud, tuned, request, 1), 'wall');
  // Nobody has to wait until the machine is gone.
  const waits = (SLOW.pending + SLOW.stopping + SLOW.image) / 1000;
  console.log(row([`${workload.name}, slow states`, '50 ms', seconds(a.wall), seconds(b.wall), `${(b.wall / a.wall).toFixed(1)} x`, '']));
  console.log(row([`${workload.name}, slow states, Packer asks every second`, '50 ms', seconds(a.wall), seconds(c.wall), `${(c.wall / a.wall).toFixed(1)} x`, '']));
  const lost = a.wall - quickly.wall - waits;
  console.log(`\nInjected waits ${seconds(waits)} s; golden takes ${seconds(lost)} s more than those and its own work: ${(lost / waits * 100).toFixed(1)} % (goal 5 %).`);
  if (process.argv.includes('--phases')) { for (const timing of [quickly, a, b, c]) { console.log(`    ${JSON.stringify(timing)}`); } }
}

async function timings(cloud: RunningCloud, contender: Contender, request: CloudRequest, runs: number): Promise<Timing[]> {
  const all: Timing[] = [];
  for (let i = 0; i < runs; i++) {
    await cloud.ask(request);
    settle();
    all.push(await contender.build());
  }
  return all;
}

/** Has done beforehand what this process and the disk put off: it would be done while something is measured. */
function settle(): void {
  spawnSync('sync');
  collectGarbage();
}

function median(all: readonly Timing[], by: 'wall' | 'provision'): Timing {
  return [...all].sort((a, b) => a[by] - b[by])[Math.floor(all.length / 2)];
}

function seconds(figure: number): string {
  return figure.toFixed(2);
}

function row([name, ...figures]: readonly string[]): string {
  return `${name.padEnd(72)}${figures.map((figure) => figure.padStart(12)).join('')}`;
}

void main();
