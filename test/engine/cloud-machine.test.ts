import { readFileSync } from 'fs';
import { join } from 'path';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import type { Communicator, CommunicatorFactory } from '../../lib/ports/communicator';
import type { BuildEvent } from '../../lib/ports/events';
import { runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan } from '../support/test-build';

const plan = testPlan([runOf('echo hello >/etc/motd; sleep 0.5')]);
const phases = (events: readonly BuildEvent[]) => events.flatMap((e) => (e.type === 'phase.started' ? [e.phase] : []));
const notices = (events: readonly BuildEvent[]) => events.flatMap((e) => (e.type === 'notice' ? [`${e.level}: ${e.message}`] : []));

(canStartMachines ? describe : describe.skip)('a build on a machine of a cloud', () => {
  let bench: BuildBench;
  beforeEach(() => { bench = new BuildBench(); });
  afterEach(() => bench.dispose());

  test('renews its lease all the time, and ends it as the last thing before the communicator leaves and the machine stops', async () => {
    bench.host.lease = { renewEveryMs: 100, renew: 'echo renewed >>/srv/lease', disarm: 'echo disarmed >>/srv/lease' };
    const provision = changed((inner) => ({ leave: async () => { await inner.execute('echo left >>/srv/lease'); } }));
    const { outcome } = await bench.build(plan, { communicators: { provision } });
    expect(outcome.status).toBe('built');
    const lines = readFileSync(join(outcome.artifact!.id, 'srv/lease'), 'utf8').trim().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(4);
    expect(lines).toEqual([...lines.slice(2).map(() => 'renewed'), 'disarmed', 'left']);
  });

  test('that keeps its machine says how to keep it for longer than its lease', async () => {
    bench.host.lease = { renewEveryMs: 60_000, renew: 'true', disarm: 'end-the-lease' };
    const { events } = await bench.build(testPlan([runOf('exit 1')]), { onError: 'abort' });
    expect(notices(events)[0]).toMatch(/\nIt ends itself when its lease runs out\. To keep it for longer, run on it as root: end-the-lease$/);
    expect(await bench.unfinished()).toHaveLength(1);
  });

  test.each([
    [2, 'built', undefined, ['warning: cloud-init of the machine ended degraded:\n  status: as this test wants it']],
    [1, 'failed', 'cloud-init of the machine failed (exit code 1):\n  status: as this test wants it', []],
    [124, 'failed', 'cloud-init of the machine did not end within 20 min:\n  status: as this test wants it', []],
  ])('waits for its cloud-init, which ends with %d: %s', async (exitCode, status, message, said) => {
    bench.host.cloudInit = true;
    const provision = changed((inner) => ({
      connect: async (options) => {
        await inner.connect(options);
        return Buffer.alloc(0);
      },
      execute: async (command, options) => (command.includes('cloud-init status --wait')
        ? { exitCode, stdout: Buffer.from('status: as this test wants it\n'), stderr: Buffer.alloc(0) } : inner.execute(command, options)),
    }));
    const { outcome, events } = await bench.build(plan, { communicators: { provision } });
    expect([outcome.status, outcome.error?.message]).toEqual([status, message]);
    expect(notices(events)).toEqual(said);
    expect(phases(events).slice(2, 5)).toEqual(['launch', 'connect', 'cloud-init']);
    expect(bench.leftovers()).toEqual([]);
  });

  test('whose cloud-init has ended, or that has none, is not asked for it again', async () => {
    bench.host.cloudInit = true;
    const { outcome, events } = await bench.build(plan);
    expect([outcome.status, phases(events).slice(2, 5)]).toEqual(['built', ['launch', 'connect', 'provision']]);
  });

  test('whose machine cannot be rid of what another build left says why', async () => {
    const provision = changed((inner) => ({
      connect: (options) => inner.connect({ ...options, first: options.first?.replace('rm -rf', 'false') }),
      execute: (command, options) => inner.execute(command.replace('rm -rf /var/tmp/golden-*', 'echo read-only >&2; exit 3'), options),
    }));
    const { outcome } = await bench.build(plan, { communicators: { provision } });
    expect([outcome.status, outcome.error?.message]).toEqual(['failed', 'The machine could not be prepared (exit code 3): read-only']);
    expect(bench.leftovers()).toEqual([]);
  });

  test('does not wait for its cloud-init where the plan says so', async () => {
    bench.host.cloudInit = true;
    const { outcome, events } = await bench.build({ ...plan, builder: { ...plan.builder, waitForCloudInit: false } });
    expect(outcome.status).toBe('built');
    expect(phases(events)).not.toContain('cloud-init');
  });

  test('takes the image to all its places before it is published, and the machine is gone by then', async () => {
    bench.host.places = ['elsewhere'];
    const { events } = await bench.build(plan);
    expect(bench.host.acts).toEqual(['launch 0', 'stop', 'capture', 'destroy', 'distribute', 'publish']);
    expect(phases(events).slice(-4)).toEqual(['capture', 'distribute', 'publish', 'destroy']);
  });

  test('whose machine cannot be removed says so, and is put away later', async () => {
    const destroyed = bench.host.failToDestroy(3);
    const { outcome, events } = await bench.build(plan);
    expect(outcome.status).toBe('built');
    expect(notices(events)).toEqual([
      expect.stringMatching(/^warning: Could not remove the released machine \w+ .*: as this test wants it\nRemove it with: golden gc --host sandbox$/),
    ]);
    expect(destroyed()).toBe(3);
    expect(await bench.unfinished()).toHaveLength(1);
    // The next build of it sees to that.
    const again = await bench.build(plan);
    expect(again.outcome.status).toBe('unchanged');
    expect(bench.host.acts).toContain('remove build');
    expect(await bench.unfinished()).toEqual([]);
  });

  test('that finds its image there makes it agree with the plan, says what it changed, and records what it began', async () => {
    await bench.build(plan);
    bench.host.differences = ['shared with 123456789012'];
    bench.host.acts.splice(0);
    const { outcome, events } = await bench.build(plan);
    expect(outcome.status).toBe('unchanged');
    expect(notices(events)).toEqual(['info: shared with 123456789012']);
    expect(bench.host.acts).toEqual(['reconcile']);
    expect(bench.journals()).toContain('"act":"fake-reconcile"');
    expect(await bench.unfinished()).toEqual([]);
    // AND where nothing differs nothing is recorded
    const before = bench.journals();
    await bench.build(plan);
    expect(bench.journals()).toBe(before);
  });
});

/** Communicators that do some things in another way. */
function changed(change: (inner: Communicator) => Partial<Communicator>): CommunicatorFactory {
  return {
    ...execCommunicators,
    open: (machine) => {
      const inner = execCommunicators.open(machine);
      return Object.assign(Object.create(inner) as Communicator, change(inner));
    },
  };
}
