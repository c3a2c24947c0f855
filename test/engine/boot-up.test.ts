import { runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan, type TestBuild } from '../support/test-build';

/** Notes whether it was executed on a booted machine. */
const note = (word: string, more = 'true') =>
  runOf(`if [ -e /etc/booted ]; then echo "${word} booted"; else echo ${word}; fi >>/srv/notes; ${more}`, { origin: word });
const live = (word: string) => note(word, ': systemctl');
const noted = (...lines: string[]) => ({ type: 'file', resource: '/srv/notes', attributes: { exists: true, contents: lines, size: lines.join('\n').length + 1 }, origin: 'Notes' }) as const;
const running = { type: 'command', resource: 'test -e /etc/booted || echo off', attributes: { 'exit-status': 0, 'stdout': ['off'] }, origin: 'Running' } as const;
const phases = ({ events }: TestBuild) => events.flatMap((event) => (event.type === 'phase.started' ? [event.phase] : []));
const ran = ({ events }: TestBuild) => events.flatMap((event) => (event.type === 'instruction.finished' ? [`${event.origin}: ${event.exitCode}`] : []));

(canStartMachines ? describe : describe.skip)('on a host whose machines are not booted (needs root)', () => {
  let bench: BuildBench;
  beforeEach(() => {
    bench = new BuildBench();
    bench.host.bootsUp = true;
  });
  afterEach(async () => {
    expect(bench.leftovers()).toEqual([]);
    await bench.dispose();
  });
  const manifest = () => [...bench.host.artifacts.values()][0].manifest;

  test('what needs a booted machine is done on one, with all that follows, and captured from there', async () => {
    const build = await bench.build(testPlan([note('one'), live('two'), note('three')], [noted('one', 'two booted', 'three booted')]));

    expect(build.outcome).toMatchObject({ status: 'built' });
    expect(ran(build)).toEqual(['one: 0', 'two: 0', 'three: 0']);
    expect(bench.host.acts).toEqual(['launch 0', 'checkpoint', 'stop', 'boot up', 'destroy', 'stop', 'capture', 'destroy', 'publish']);
    expect(manifest()).toMatchObject({
      host: { machine: 'chroot in namespaces', bootedUp: { from: 1, communicator: 'exec', reason: 'instruction 2 (two) calls for systemctl' } },
      instructions: [{ index: 0, origin: 'one' }, { index: 1, origin: 'two' }, { index: 2, origin: 'three' }],
    });
  });

  test('a build after a change of the last of it starts from the disk before the boot', async () => {
    await bench.build(testPlan([note('one'), live('two')]));
    const again = await bench.build(testPlan([note('one'), live('other')], [noted('one', 'other booted')]));

    expect(again.outcome).toMatchObject({ status: 'built' });
    expect(ran(again)).toEqual(['other: 0']);
  });

  test('what failed for want of a booted machine is done again on one, from a disk that the failure has not touched', async () => {
    const fails = note('two', '[ -e /etc/booted ]');
    const build = await bench.build(testPlan([note('one'), fails, note('three')], [noted('one', 'two booted', 'three booted')]));

    expect(build.outcome).toMatchObject({ status: 'built' });
    expect(ran(build)).toEqual(['one: 0', 'two: 1', 'one: 0', 'two: 0', 'three: 0']);
    expect(manifest()).toMatchObject({
      host: { bootedUp: { from: 1, reason: 'instruction 2 failed without' } },
      instructions: [{ index: 0, exitCode: 0 }, { index: 1, exitCode: 0 }, { index: 2, exitCode: 0 }],
    });
  });

  test('a restart is done by the boot, where it is what needs a booted machine', async () => {
    const reboot = { type: 'reboot', timeoutSeconds: 60, origin: 'Reboot' } as const;
    const build = await bench.build(testPlan([note('one'), reboot, note('two')], [noted('one', 'two booted')]));

    expect(build.outcome).toMatchObject({ status: 'built' });
    expect(ran(build)).toEqual(['one: 0', 'Reboot: 0', 'two: 0']);
    expect(manifest()).toMatchObject({ instructions: [{ type: 'run' }, { type: 'reboot', exitCode: 0 }, { type: 'run' }] });
  });

  test('what fails on a booted machine as well fails the build', async () => {
    const build = await bench.build(testPlan([note('one'), runOf('exit 7', { origin: 'two' })]));

    expect(build.outcome).toMatchObject({ status: 'failed', error: { code: 'instruction-failed' } });
    expect(ran(build)).toEqual(['one: 0', 'two: 7', 'one: 0', 'two: 7']);
  });

  test('an image of which nothing was booted is booted before it is published, and checks of what runs are held then', async () => {
    const build = await bench.build(testPlan([note('one')], [noted('one'), running]));

    expect(build.outcome).toMatchObject({ status: 'built' });
    expect(phases(build)).toContain('boot-test');
    const held = build.events.flatMap((event) => (event.type === 'check.finished' ? [`${event.phase} ${event.check}`] : []));
    expect([...new Set(held)]).toEqual([
      'boot-test file /srv/notes', 'boot-test command test -e /etc/booted || echo off',
    ]);
    expect(manifest()).toMatchObject({ checks: { bootTest: expect.any(Array) } });
    expect(manifest().host).not.toHaveProperty('bootedUp');
  });
});
