import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { connect } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { Readable } from 'stream';
import { startSshd, type LocalSshd } from './local-sshd';
import { startRelay, type Relay } from './relay';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import { machineFolders } from '../../lib/engine/bundle/bundle';
import { followBundle } from '../../lib/engine/bundle/follow';
import { loadBundle, prepareBundle, startBundle } from '../../lib/engine/bundle/ship';
import { Connection } from '../../lib/engine/connection';
import { runHandler } from '../../lib/engine/instructions/run';
import type { Communicator } from '../../lib/ports/communicator';
import type { Machine } from '../../lib/ports/host';
import { runOf } from '../support/bundle-machine';

const folder = mkdtempSync(join(tmpdir(), 'golden-ssh-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('over a long way', () => {
  // Long enough that the work of a busy computer is no round trip.
  const DELAY_MS = 500;
  const ROUND_TRIP_MS = 2 * DELAY_MS;
  let relay: Relay;
  let sshd: LocalSshd;
  let communicator: Communicator;
  afterEach(async () => {
    await communicator.close();
    await relay.close();
    await sshd.destroy();
  });

  async function farAway(delayMs: number): Promise<void> {
    const factory = sshCommunicators();
    sshd = await startSshd(factory);
    relay = await startRelay({ host: '127.0.0.1', port: sshd.port }, delayMs);
    const dial = async () => connect({ port: relay.port, host: '127.0.0.1', noDelay: true });
    communicator = factory.open({ ...sshd.machine, access: { ...sshd.machine.access, dial } });
  }

  /** How many round trips something takes. */
  async function roundTrips(act: () => Promise<unknown>): Promise<number> {
    const begun = performance.now();
    await act();
    return (performance.now() - begun) / ROUND_TRIP_MS;
  }

  test('a login takes no more than four round trips with its first command, and every further command one', async () => {
    await farAway(DELAY_MS);
    // The connection, the greeting, the keys, the login with the command: nothing is asked that need not be.
    expect(await roundTrips(() => communicator.connect({ timeoutMs: 20_000 }))).toBeLessThan(4.9);
    expect(await roundTrips(() => communicator.execute('true'))).toBeLessThan(1.9);
    expect(await roundTrips(() => communicator.execute('cat > /dev/null', { stdin: Buffer.alloc(500_000) }))).toBeLessThan(1.9);
    expect(await roundTrips(() => communicator.execute('exit 3'))).toBeLessThan(1.9);
  });

  test('large content goes over several sessions, byte for byte', async () => {
    await farAway(DELAY_MS);
    await communicator.connect({ timeoutMs: 20_000 });
    const content = Buffer.alloc(24 << 20, 'some bytes');
    const path = join(folder, 'large');
    // One session has 2 MiB on its way at the most: this would be 12 round trips.
    expect(await roundTrips(() => communicator.upload(Readable.from([content]), path))).toBeLessThan(9);
    expect((await communicator.execute(`cmp ${path} - && stat -c %a ${path}`, { stdin: content })).stdout.toString()).toBe('600\n');
  }, 60_000);

  test('a large input of a command goes over several sessions', async () => {
    await farAway(DELAY_MS);
    await communicator.connect({ timeoutMs: 20_000 });
    // In one session it would be 6.
    expect(await roundTrips(() => communicator.execute('cat > /dev/null', { stdin: Buffer.alloc(12 << 20) }))).toBeLessThan(4.9);
  }, 60_000);

  test('a way that falls silent is noticed within seconds', async () => {
    await farAway(5);
    await communicator.connect({ timeoutMs: 20_000 });
    const begun = Date.now();
    await expect(communicator.stream('echo on; sleep 1000', () => relay.freeze())).rejects.toMatchObject({ code: 'connection-lost' });
    expect(Date.now() - begun).toBeLessThan(15_000);
  }, 30_000);

  test('a connection that is cut ten times loses no line of a script and runs nothing twice', async () => {
    await farAway(5);
    await communicator.connect({ timeoutMs: 20_000 });
    const connection = new Connection({} as Machine, communicator, {
      clock: { now: Date.now, sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)) },
      report: () => undefined,
      signal: new AbortController().signal,
    });
    // GIVEN a script that writes until it may end
    const folders = machineFolders(`ssh-test-${process.pid}`);
    const payload = `${folders.payload}/0`;
    const state = `${folders.state}/0`;
    const script = `echo x >>${join(folder, 'runs')}; i=0; until [ -e ${join(folder, 'enough')} ]; do i=$((i+1)); echo "line $i"; sleep 0.01; done`;
    const packed = runHandler.pack(runOf(script), { index: 0, payload, hold: 'never', assetFolder: '/', parameters: {}, secrets: {} });
    const bundle = { payload, state, instructions: [packed], sinceCheckpoint: 0 };
    const start = await loadBundle(connection, folders, bundle, await prepareBundle('ssh', bundle));
    // WHEN its connection is cut whenever some more of it has arrived
    let cuts = 0;
    let text = '';
    let last = 0;
    const end = await followBundle(connection, bundle, {
      record: () => undefined,
      output: (_index, _stream, data) => {
        text += data.toString();
        if (cuts === 10 || text.length < last + 100) { return; }
        last = text.length;
        cuts++;
        if (cuts === 10) { writeFileSync(join(folder, 'enough'), ''); }
        relay.cut();
      },
      recover: () => connection.reconnect(10_000),
    }, { start, startAlone: () => startBundle(connection, folders, start) });
    // THEN
    expect(end).toEqual({ type: 'ok' });
    expect(cuts).toBe(10);
    const lines = text.split('\n').length - 1;
    expect(lines).toBeGreaterThan(100);
    expect(text).toBe(Array.from({ length: lines }, (_, i) => `line ${i + 1}\n`).join(''));
    expect((await communicator.execute(`cat ${join(folder, 'runs')}; rm -rf ${folders.payload} ${folders.state}`)).stdout.toString()).toBe('x\n');
  }, 60_000);
});
