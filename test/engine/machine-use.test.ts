import { useMachine, type UsedMachine } from '../../lib/engine/machine-use';
import type { Plan } from '../../lib/plan/model';
import type { BuildEvent } from '../../lib/ports/events';
import { runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan } from '../support/test-build';

const append = (word: string) => runOf(`echo ${word} >>/srv/words`, { origin: word });

(canStartMachines ? describe : describe.skip)('a machine of an image that is only looked at', () => {
  let bench: BuildBench;
  beforeEach(() => { bench = new BuildBench(); });
  afterEach(() => bench.dispose());

  const words = async ({ connection }: UsedMachine) => (await connection.execute('cat /srv/words 2>&1')).stdout.toString();
  const use = <T>(plan: Plan, act: (used: UsedMachine) => Promise<T>, provision = true, changes: object = {}) =>
    useMachine({ ...bench.request(plan), ...changes }, { provision }, act);
  const launches = () => bench.host.acts.filter((act) => act.startsWith('launch'));

  test('has all instructions, and was started from a layer of them', async () => {
    expect(await use(testPlan([append('one'), append('two')]), words)).toBe('one\ntwo\n');
    expect(launches()).toEqual(['launch 0', 'launch 2']);
  });

  test('runs no instruction twice', async () => {
    const plan = testPlan([append('one'), append('two')]);
    await use(plan, words);
    expect(await use(plan, words)).toBe('one\ntwo\n');
    expect(launches()).toEqual(['launch 0', 'launch 2', 'launch 2']);
    // A build starts from the same layer.
    expect((await bench.build(plan)).outcome.status).toBe('built');
    expect(launches()).toEqual(['launch 0', 'launch 2', 'launch 2', 'launch 2']);
  });

  test('is made anew without the cache', async () => {
    const plan = testPlan([append('one')]);
    await use(plan, words);
    await use(plan, words, true, { useCache: false });
    expect(launches()).toEqual(['launch 0', 'launch 1', 'launch 0', 'launch 1']);
  });

  test('is provisioned once by two who want it at once, and the second says whom it waits for', async () => {
    const events: BuildEvent[] = [];
    const plan = testPlan([runOf('sleep 1; echo one >>/srv/words')]);
    const first = use(plan, words);
    while (launches().length === 0) { await new Promise((resolve) => setTimeout(resolve, 5)); }
    const second = use(plan, words, true, { report: (event: BuildEvent) => events.push(event) });
    expect(await Promise.all([first, second])).toEqual(['one\n', 'one\n']);
    expect(launches()).toEqual(['launch 0', 'launch 1', 'launch 1']);
    expect(events).toContainEqual(expect.objectContaining({ type: 'notice', message: expect.stringContaining(`process ${process.pid}`) }));
  });

  test('is as its deepest layer has it, where nothing is to be provisioned', async () => {
    await use(testPlan([append('one')]), words);
    expect(await use(testPlan([append('one'), append('two')]), async (used) => [used.layer, await words(used)], false)).toEqual([1, 'one\n']);
    expect(launches()).toEqual(['launch 0', 'launch 1', 'launch 1']);
  });

  test('leaves nothing behind, nor does one that fails', async () => {
    await use(testPlan([append('one')]), words);
    await expect(use(testPlan([append('one')]), async () => { throw new Error('a test failed'); })).rejects.toThrow('a test failed');
    await expect(use(testPlan([append('one'), runOf('echo no way >&2; exit 7', { origin: 'Broken' })]), words)).rejects.toMatchObject({
      code: 'instruction-failed', kind: 'instruction', path: 'Stack/Web/Broken', message: expect.stringContaining('no way'),
    });
    expect(bench.leftovers()).toEqual([]);
    expect(bench.journals()).toBe('');
  });

  test('ends what is done with it where it is lost', async () => {
    const plan = testPlan([append('one')]);
    const lost = use(plan, async ({ context }) => {
      bench.host.machines.forEach((machine) => void machine.crash());
      await new Promise((_resolve, reject) => context.signal.addEventListener('abort', () => reject(new Error('ended'))));
    });
    await expect(lost).rejects.toMatchObject({ code: 'machine-lost' });
  });
});
