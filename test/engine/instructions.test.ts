import { existsSync, readFileSync, readdirSync } from 'fs';
import { join } from 'path';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import type { Instruction } from '../../lib/plan/instructions';
import type { CommunicatorFactory } from '../../lib/ports/communicator';
import { BreakingCommunicator } from '../support/breaking-communicator';
import { putOf, runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan, type TestBuild } from '../support/test-build';

const output = ({ events }: TestBuild, index: number) =>
  events.map((e) => (e.type === 'instruction.output' && e.index === index ? e.text : '')).join('');

(canStartMachines ? describe : describe.skip)('an instruction', () => {
  let bench: BuildBench;
  beforeEach(() => { bench = new BuildBench(); });
  afterEach(() => bench.dispose());

  test('of each place runs in the order of the plan', async () => {
    const instructions: Instruction[] = [
      runOf('echo 0'), putOf('1', '/srv/one'),
      { type: 'local', command: ['sh', '-c', 'echo "2 $A $(pwd)"; echo err >&2'], environment: { A: 'x' }, timeoutSeconds: 10, origin: 'Local' },
      runOf('cat /srv/one; echo; echo 3'),
      { type: 'pause', seconds: 0.05, origin: 'Pause' },
      { type: 'check', checks: [{ type: 'file', resource: '/srv/one', attributes: { exists: true }, origin: 'C' }], origin: 'Check' },
      runOf('echo 6'),
    ];
    const result = await bench.build(testPlan(instructions));
    expect(result.outcome.status).toBe('built');
    expect(result.events.flatMap((e) => (e.type === 'instruction.finished' ? [[e.index, e.ok]] : []))).toEqual(instructions.map((_, i) => [i, true]));
    expect([0, 2, 3, 6].map((i) => output(result, i))).toEqual(['0\n', `2 x ${bench.folder}\nerr\n`, '1\n3\n', '6\n']);
    const [{ manifest }] = bench.host.artifacts.values();
    expect(manifest.checks).toMatchObject({ provision: [{ check: 'file /srv/one', outcome: 'passed' }] });
  });

  test('that runs here and fails is a failure of the build', async () => {
    const local: Instruction = { type: 'local', command: ['sh', '-c', 'echo why >&2; exit 9'], environment: {}, timeoutSeconds: 10, origin: 'Local' };
    const { outcome } = await bench.build(testPlan([local]));
    expect(outcome.error).toMatchObject({ code: 'instruction-failed', path: 'Stack/Web/Local', message: 'Instruction 1 of 1 (local) ended with exit code 9:\n  why' });
  });

  test('that runs here and takes too long names its construct', async () => {
    const local: Instruction = { type: 'local', command: ['sleep', '30'], environment: {}, timeoutSeconds: 1, origin: 'Local' };
    expect((await bench.build(testPlan([local]))).outcome.error).toMatchObject({ code: 'timed-out', path: 'Stack/Web/Local' });
  });

  test('that checks the machine in the middle ends the build where it does not hold', async () => {
    const check: Instruction = {
      type: 'check', origin: 'Early', checks: [{ type: 'file', resource: '/srv/none', attributes: { exists: true }, origin: 'Early/File' }],
    };
    const { outcome } = await bench.build(testPlan([check, runOf('touch /srv/never')]));
    expect(outcome.error).toMatchObject({ code: 'check-failed', path: 'Stack/Web/Early/File' });
  });

  test('fetches files and folders into the output folder of the image', async () => {
    await bench.build(testPlan([
      runOf('mkdir -p /srv/d/e; echo x >/srv/d/e/f; ln -s f /srv/d/e/link; ln -s /etc /srv/d/out; echo y >/srv/g'),
      { type: 'get', source: '/srv/d', destination: 'fetched/d', origin: 'D' },
      { type: 'get', source: '/srv/g', destination: 'g', origin: 'G' },
    ])).then(({ outcome, events }) => {
      expect(outcome.status).toBe('built');
      expect(events).toContainEqual({ type: 'notice', level: 'warning', message: 'Stack/Web/D: left out d/out: it links to /etc' });
    });
    const folder = join(bench.outputFolder, 'Stack-Web', 'files');
    expect(readFileSync(join(folder, 'fetched/d/e/link'), 'utf8')).toBe('x\n');
    expect(readFileSync(join(folder, 'g'), 'utf8')).toBe('y\n');
    expect(readdirSync(folder).sort()).toEqual(['fetched', 'g']);
  });

  test('that fetches what is not there says so', async () => {
    const { outcome } = await bench.build(testPlan([{ type: 'get', source: '/srv/none', destination: 'x', origin: 'G' }]));
    expect(outcome.error).toMatchObject({ code: 'machine-command-failed', path: 'Stack/Web/G', message: expect.stringContaining('/srv/none') });
  });

  test('restarts the machine, whose disk stays and whose memory does not', async () => {
    const result = await bench.build(testPlan([
      // This host's systemctl restarts nothing in a chroot; what the machine has of its own does.
      runOf('mkdir -p /run/x; touch /run/x/kept /srv/kept'), { type: 'reboot', timeoutSeconds: 30, origin: 'R' },
      runOf('ls /srv/kept; ls /run/x/kept 2>/dev/null || echo gone'),
    ]), { communicators: { provision: withReboot() } });
    expect(result.outcome.status).toBe('built');
    expect(output(result, 2)).toBe('/srv/kept\ngone\n');
  });

  test('may restart the machine itself where it was said to', async () => {
    const result = await bench.build(testPlan([
      runOf('echo up; sleep 30', { expectDisconnect: true, origin: 'Restarts' }), runOf('echo after'),
    ]), {
      report: (event) => {
        if (event.type === 'instruction.output' && event.text.includes('up')) {
          bench.host.machines.forEach((machine) => void machine.down().then(() => machine.restarted()));
        }
      },
    });
    expect(result.outcome).toMatchObject({ status: 'built' });
    expect(output(result, 1)).toBe('after\n');
  }, 30_000);

  test('that restarts the machine without having said so is a failure that tells what to do', async () => {
    const { outcome } = await bench.build(testPlan([runOf('echo up; sleep 30', { origin: 'Surprise' })]), {
      report: (event) => {
        if (event.type === 'instruction.output') { bench.host.machines.forEach((machine) => void machine.down().then(() => machine.restarted())); }
      },
    });
    expect(outcome.error).toMatchObject({
      code: 'machine-restarted', kind: 'instruction', path: 'Stack/Web/Surprise', hint: expect.stringContaining('expectDisconnect'),
    });
  }, 30_000);

  test('that is not disturbed by a lost connection goes on', async () => {
    const breaking: CommunicatorFactory = {
      ...execCommunicators, open: (machine) => new BreakingCommunicator(execCommunicators.open(machine), { streams: [60] }),
    };
    const result = await bench.build(testPlan([runOf('for i in 1 2 3 4 5 6 7 8; do echo $i; sleep 0.05; done')]), { communicators: { provision: breaking } });
    expect(result.outcome.status).toBe('built');
    expect(output(result, 0)).toBe('1\n2\n3\n4\n5\n6\n7\n8\n');
    expect(result.events).toContainEqual(expect.objectContaining({ type: 'notice', message: expect.stringContaining('its work goes on meanwhile') }));
  });

  test('is executed as the plan says although its user ends the runner: that is told', async () => {
    const { outcome } = await bench.build(testPlan([runOf('kill -9 $(cat /run/golden-*/0/pid); sleep 1', { origin: 'Killer' })]));
    expect(outcome.error).toMatchObject({ code: 'runner-gone', path: 'Stack/Web/Killer' });
    expect(existsSync(join(bench.stateFolder, 'locks', 'x'))).toBe(false);
  });
});

/** A machine in a chroot cannot restart itself: the command is answered, and the host does it. */
function withReboot(): CommunicatorFactory {
  return {
    ...execCommunicators,
    open: (machine) => {
      const inner = execCommunicators.open(machine);
      return Object.assign(Object.create(inner) as typeof inner, {
        execute: (command: string, options?: Parameters<typeof inner.execute>[1]) =>
          inner.execute(command.startsWith('systemctl reboot') ? 'true' : command, options),
      });
    },
  };
}
