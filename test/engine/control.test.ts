import { randomBytes } from 'crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync } from 'fs';
import { createServer } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { buffer, text } from 'stream/consumers';
import { entranceOf } from '../../lib/engine/control/control-client';
import { ControlServer } from '../../lib/engine/control/control-server';
import { isRunning, listenAt, removeDeadSockets } from '../../lib/engine/control/control-socket';
import type { Entrance } from '../../lib/ports/attachment';
import { runOf } from '../support/bundle-machine';
import { canStartMachines } from '../support/chroot-machine';
import { BuildBench, testPlan } from '../support/test-build';

(canStartMachines ? describe : describe.skip)('the machine of a build that runs', () => {
  let bench: BuildBench;
  beforeEach(() => { bench = new BuildBench(); });
  afterEach(() => bench.dispose());

  /** Builds, and does something when its instruction waits. */
  async function whileItRuns(work: (entrance: Entrance) => Promise<unknown>) {
    const waiting = runOf('echo waiting; until [ -e /srv/go ]; do sleep 0.05; done');
    let worked: Promise<unknown> | undefined;
    const built = await bench.build(testPlan([waiting]), {
      report: (event) => {
        if (event.type !== 'instruction.output' || worked) { return; }
        worked = (async () => {
          const [buildId] = readdirSync(join(bench.stateFolder, 'control'));
          await work((await entranceOf(bench.stateFolder, buildId))!);
        })().finally(() => mkdirSync(join([...bench.host.machines][0].root, 'srv/go')));
      },
    });
    await worked;
    return built.outcome;
  }

  async function run(entrance: Entrance, command: string, input: string | Buffer, options = {}) {
    const attachment = await entrance.attach(command, options);
    attachment.stdin.end(input);
    const [out, err, exitCode] = await Promise.all([buffer(attachment.stdout), text(attachment.stderr), attachment.ended]);
    return { out, err, exitCode };
  }

  test('may be read by other processes, with streams both ways; its image is published', async () => {
    const sent = randomBytes(5_000_000);
    const outcome = await whileItRuns(async (entrance) => {
      const { out, ...rest } = await run(entrance, 'cat; echo err >&2; exit 3', sent, { readsOnly: true });
      expect(out.equals(sent)).toBe(true);
      expect(rest).toEqual({ err: 'err\n', exitCode: 3 });
    });
    expect(outcome).toMatchObject({ status: 'built' });
    expect(readdirSync(join(bench.stateFolder, 'control'))).toEqual([]);
  });

  test('is changed by nobody who does not give its image up', async () => {
    const outcome = await whileItRuns(async (entrance) => {
      await expect(run(entrance, 'touch /srv/x', '')).rejects.toMatchObject({ code: 'would-be-published', kind: 'usage' });
    });
    expect(outcome).toMatchObject({ status: 'built' });
  });

  test('may be changed by who does: then nothing is published', async () => {
    const outcome = await whileItRuns(async (entrance) => {
      await expect(run(entrance, 'echo done', '', { unpublished: true })).resolves.toMatchObject({ exitCode: 0 });
    });
    expect(outcome.error).toMatchObject({ code: 'not-published' });
    expect(bench.journals()).toContain('"act":"entered"');
  });

  test('is left by all when the build ends; what they ran there goes', async () => {
    let ended: Promise<number> | undefined;
    await whileItRuns(async (entrance) => {
      const attachment = await entrance.attach('echo up; sleep 1000', { readsOnly: true });
      ended = attachment.ended;
      await new Promise((resolve) => attachment.stdout.once('data', resolve));
      attachment.stdout.resume();
    });
    await expect(ended).rejects.toMatchObject({ code: 'connection-lost' });
    expect(bench.leftovers()).toEqual([]);
  });
});

describe('the socket of a build', () => {
  let state: string;
  // Longer than the kernel takes as the name of a socket.
  beforeEach(() => {
    state = join(mkdtempSync(join(tmpdir(), 'golden-control-')), 'x'.repeat(120));
    mkdirSync(state);
  });
  afterEach(() => rmSync(join(state, '..'), { recursive: true }));

  test('is for its user alone, says that it runs, and goes with it', async () => {
    const server = new ControlServer(state, 'b1');
    server.start();
    while (!existsSync(join(state, 'control', 'b1'))) { await new Promise((resolve) => setTimeout(resolve, 5)); }
    expect([statSync(join(state, 'control')).mode & 0o777, statSync(join(state, 'control', 'b1')).mode & 0o777]).toEqual([0o700, 0o600]);
    await expect(isRunning(state, 'b1')).resolves.toBe(true);
    const attachment = await (await entranceOf(state, 'b1'))!.attach('true');
    await expect(attachment.ended).rejects.toMatchObject({ code: 'no-machine-now' });
    await server.close();
    await expect(isRunning(state, 'b1')).resolves.toBe(false);
    expect(readdirSync(join(state, 'control'))).toEqual([]);
  });

  test('of one that was killed is told apart, and removed', async () => {
    const server = createServer();
    await listenAt(server, state, 'b2');
    // The file stays, as after SIGKILL.
    await new Promise((resolve) => server.close(resolve));
    expect(readdirSync(join(state, 'control'))).toEqual(['b2']);
    await expect(isRunning(state, 'b2')).resolves.toBe(false);
    await expect(removeDeadSockets(state)).resolves.toEqual(['control socket of the build b2, which was killed']);
    expect(readdirSync(join(state, 'control'))).toEqual([]);
  });
});
