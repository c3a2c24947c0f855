import { readdirSync, readFileSync, renameSync, writeFileSync } from 'fs';
import { join } from 'path';
import { runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan } from '../support/test-build';

let bench: BuildBench;
beforeEach(() => { bench = new BuildBench(); });
afterEach(() => bench.dispose());

/** Does what another builder does that has waited for longer than a lease. */
function takeOver(): void {
  const folder = join(bench.stateFolder, 'locks');
  const [name] = readdirSync(folder);
  const theirs = { ...JSON.parse(readFileSync(join(folder, name), 'utf8')) as object, buildId: 'theirs', host: 'elsewhere', system: 'another kernel' };
  writeFileSync(join(folder, 'theirs'), JSON.stringify(theirs));
  renameSync(join(folder, 'theirs'), join(folder, name));
}

(canStartMachines ? test : test.skip)('a build that has lost its lock publishes nothing, and leaves nothing but the lock of the other one', async () => {
  const { outcome } = await bench.build(testPlan([runOf('true')]), {
    report: (event) => { if (event.type === 'phase.started' && event.phase === 'capture') { takeOver(); } },
  });

  expect(outcome).toMatchObject({ status: 'failed', error: { code: 'lock-lost', message: expect.stringMatching(/^The build theirs, process \d+ on elsewhere, has taken over/) } });
  expect(bench.host.artifacts.size).toBe(0);
  expect(bench.leftovers()).toEqual([expect.stringMatching(/\.lock$/)]);
  expect(await bench.unfinished()).toEqual([]);
});
