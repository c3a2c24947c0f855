import { spawnSync } from 'child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { systemClock } from '../../lib/cli/wiring';
import { removeDeadBuilds } from '../../lib/engine/garbage';
import { readJournal } from '../../lib/engine/journal-file';
import { removeAbandonedLocks } from '../../lib/engine/lock-file';
import { stateInFolder } from '../../lib/engine/state-folder';
import { canonicalJson } from '../../lib/plan/canonical-json';
import type { JournalRecord } from '../../lib/ports/journal';
import { runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { FakeHost } from '../support/fake-host';
import type { KilledBuildOptions } from '../support/killed-build';
import { KilledBuilds } from '../support/killed-builds';
import { hostContext } from '../support/machine-plan';
import { testPlan } from '../support/test-build';

const motd = { type: 'file', resource: '/etc/motd', attributes: { exists: true, contents: ['hello'] }, origin: 'Motd' } as const;
const plan = testPlan([runOf('true'), runOf('echo hello >/etc/motd')], [motd]);

(canStartMachines ? describe : describe.skip)('a build that was killed', () => {
  let builds: KilledBuilds;
  const work = mkdtempSync(join(tmpdir(), 'golden-resume-'));
  const planFile = join(work, 'web.golden-plan.json');
  beforeAll(() => {
    builds = new KilledBuilds();
    writeFileSync(planFile, canonicalJson(plan));
  });
  afterAll(() => {
    builds.dispose();
    rmSync(work, { recursive: true, force: true });
  });

  let count = 0;
  function place(): KilledBuildOptions {
    const folder = join(work, `case-${count++}`);
    mkdirSync(folder);
    return {
      planFile,
      bootTest: true,
      host: { kind: 'fake', folder: join(folder, 'host'), places: ['elsewhere'] },
      stateFolder: join(folder, 'state'),
      outputFolder: join(folder, 'out'),
    };
  }
  const hostOf = ({ host }: KilledBuildOptions) => new FakeHost(host.kind === 'fake' ? host.folder : undefined);
  const namesIn = (folder: string) => { try { return readdirSync(folder); } catch { return []; } };
  const lockFiles = ({ stateFolder }: KilledBuildOptions) => namesIn(join(stateFolder, 'locks'));
  const unfinished = ({ stateFolder }: KilledBuildOptions) => stateInFolder(stateFolder, systemClock).unfinished();
  const isRunning = (machine: string) => spawnSync('pgrep', ['-f', machine]).status === 0;

  async function wholeRecord(): Promise<readonly JournalRecord[]> {
    const whole = place();
    const { answer } = await builds.run(whole);
    expect(answer!.outcome).toMatchObject({ status: 'built' });
    const [buildId] = await stateInFolder(whole.stateFolder, systemClock).builds();
    return readJournal(whole.stateFolder, buildId);
  }

  test('at any of its acts leaves, once it is built again, the image once, and nothing else', async () => {
    const records = await wholeRecord();
    const sequenceOf = (type: string, act?: string) => records.find((record) => record.type === type && record.act === act)!.sequence;
    const kills: { record: number; when: 'before' | 'after' }[] = [
      { record: sequenceOf('started'), when: 'after' },
      ...['launch', 'capture', 'boot', 'distribute', 'publish'].flatMap((act) => [
        { record: sequenceOf('intent', act), when: 'after' as const }, { record: sequenceOf('done', act), when: 'before' as const },
      ]),
      { record: sequenceOf('done', 'provision'), when: 'before' },
      { record: sequenceOf('finished'), when: 'before' },
      { record: sequenceOf('finished'), when: 'after' },
    ];
    const outcomes: string[] = [];
    for (const kill of kills) {
      const here = place();
      expect((await builds.run({ ...here, kill })).killed).toBe(true);
      const { answer, stderr } = await builds.run(here);
      await removeAbandonedLocks(here.stateFolder, systemClock);
      const host = hostOf(here);
      outcomes.push(answer!.outcome.status);
      const left = { artifacts: host.artifacts.size, remains: host.remains(), locks: lockFiles(here), unfinished: await unfinished(here) };
      expect({ kill, error: answer!.outcome.error, stderr, ...left }).toEqual({
        kill, error: undefined, stderr: '', artifacts: 1, remains: [], locks: [], unfinished: [],
      });
      expect([...host.artifacts.values()][0].manifest).toMatchObject({
        image: 'Stack/Web', instructions: [{ exitCode: 0 }, { exitCode: 0 }], checks: { bootTest: [{ outcome: 'passed' }, { outcome: 'passed' }] },
      });
      await host.dispose();
    }
    expect(new Set(outcomes)).toEqual(new Set(['built', 'unchanged']));
  }, 300_000);

  test('after its capture is gone on from there: nothing is provisioned again', async () => {
    const records = await wholeRecord();
    const captured = records.find(({ type, act }) => type === 'done' && act === 'capture')!.sequence;
    const here = place();
    await builds.run({ ...here, kill: { record: captured, when: 'before' } });
    expect(hostOf(here).remains()).toHaveLength(2);
    const [dead] = await unfinished(here);

    const { answer } = await builds.run(here);

    expect(answer!.outcome.status).toBe('built');
    const state = stateInFolder(here.stateFolder, systemClock);
    const ids = await state.builds();
    expect(ids).not.toContain(dead);
    const after = await state.readJournal(ids[0]);
    expect(after.filter(({ type }) => type === 'intent').map(({ act }) => act)).toEqual(['boot', 'fake-boot', 'distribute', 'fake-distribute', 'publish', 'fake-publish']);
    // AND its manifest says how it was made
    const [{ manifest }] = hostOf(here).artifacts.values();
    expect((manifest.phases as { phase: string }[]).map(({ phase }) => phase)).toEqual([
      'resolve', 'lock', 'launch', 'connect', 'provision', 'check', 'clean', 'stop', 'resolve', 'lock', 'recover', 'boot-test', 'distribute',
    ]);
    await hostOf(here).dispose();
  }, 60_000);

  test('twice at the same place is gone on from all the same', async () => {
    const records = await wholeRecord();
    const captured = records.find(({ type, act }) => type === 'done' && act === 'capture')!.sequence;
    const here = place();
    await builds.run({ ...here, kill: { record: captured, when: 'after' } });
    // The second one is killed while it boots the draft.
    expect((await builds.run({ ...here, kill: { record: 4, when: 'after' } })).killed).toBe(true);
    expect(await unfinished(here)).toHaveLength(2);
    expect((await builds.run(here)).answer!.outcome.status).toBe('built');
    expect(hostOf(here).remains()).toEqual([]);
    expect(await unfinished(here)).toEqual([]);
    await hostOf(here).dispose();
  }, 60_000);

  test('and is not wanted any more is put away, but not while another builds the same', async () => {
    const launched = (await wholeRecord()).find(({ type, act }) => type === 'done' && act === 'launch')!.sequence;
    const here = place();
    await builds.run({ ...here, kill: { record: launched, when: 'after' } });
    const host = hostOf(here);
    const state = stateInFolder(here.stateFolder, systemClock);
    expect(host.remains()).toHaveLength(1);
    // Its machine runs on without it.
    const [machine] = host.remains().map((line) => line.split(' ')[1]);
    expect(isRunning(machine)).toBe(true);
    const [buildId] = await state.unfinished();
    const context = { ...hostContext(), signal: new AbortController().signal };
    const { detail } = (await state.readJournal(buildId))[0];
    const { lock } = await state.acquireLock(String(detail!.buildKey), {
      buildId: 'other', image: 'Stack/Web', clock: systemClock, signal: context.signal, onWait: () => { throw new Error('its owner is dead'); },
    });
    expect(await removeDeadBuilds({ state, host, context, clock: systemClock })).toEqual([]);
    await lock.release();

    const removed = await removeDeadBuilds({ state, host, context, clock: systemClock });

    expect(removed).toEqual([expect.stringMatching(/^machine /), `record of the build ${buildId} of Stack/Web, which was killed`]);
    expect(host.remains()).toEqual([]);
    expect(isRunning(machine)).toBe(false);
    expect(await state.builds()).toEqual([]);
    await host.dispose();
  }, 60_000);
});
