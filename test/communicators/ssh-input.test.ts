import { createHash, randomBytes } from 'crypto';
import { readdirSync, statSync } from 'fs';
import { connect } from 'net';
import { join } from 'path';
import { setTimeout as sleep } from 'timers/promises';
import { startSshd, type LocalSshd } from './local-sshd';
import { startRelay, type Relay } from './relay';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import type { Communicator } from '../../lib/ports/communicator';

/** More than a server lets be on its way in all sessions. */
const INPUT = randomBytes((13 << 20) + 12_345);
const DIGEST = `${createHash('sha256').update(INPUT).digest('hex')}  -\n`;

describe('a large input of a command, over a way that is long enough for several sessions', () => {
  const factory = sshCommunicators();
  let sshd: LocalSshd;
  let relay: Relay;
  let communicator: Communicator;
  afterEach(async () => {
    await communicator.close();
    await relay.close();
    await sshd.destroy();
    expect(await leftFiles()).toEqual([]);
  });

  async function connected(...settings: readonly string[]): Promise<void> {
    await open(...settings);
    await communicator.connect({ timeoutMs: 20_000 });
  }

  async function open(...settings: readonly string[]): Promise<void> {
    sshd = await startSshd(factory, settings);
    relay = await startRelay({ host: '127.0.0.1', port: sshd.port }, 20);
    const dial = async () => connect({ port: relay.port, host: '127.0.0.1', noDelay: true });
    communicator = factory.open({ ...sshd.machine, access: { ...sshd.machine.access, dial } });
  }

  test('arrives whole and in order', async () => {
    await connected();
    const { exitCode, stdout } = await communicator.execute('sha256sum; exit 7', { stdin: INPUT });
    expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 7, stdout: DIGEST });
  });

  test('arrives whole where the server lets us have no more than two sessions', async () => {
    await connected('MaxSessions 2');
    const { exitCode, stdout } = await communicator.execute('sha256sum', { stdin: INPUT });
    expect({ exitCode, stdout: stdout.toString() }).toEqual({ exitCode: 0, stdout: DIGEST });
  }, 30_000);

  test('arrives whole beside other commands', async () => {
    await connected();
    const others = ['sleep 1', 'sleep 1'].map((command) => communicator.execute(command));
    expect((await communicator.execute('sha256sum', { stdin: INPUT })).stdout.toString()).toBe(DIGEST);
    await Promise.all(others);
  });

  test('is streamed to with what the command says meanwhile', async () => {
    await connected();
    let said = '';
    expect(await communicator.stream('echo begun; sha256sum', (data) => { said += data.toString(); }, { stdin: INPUT })).toBe(0);
    expect(said).toBe(`begun\n${DIGEST}`);
  });

  test('that is expected is sent while the machine answers something else, and not again', async () => {
    await open();
    // GIVEN
    await communicator.connect({ timeoutMs: 20_000, first: 'sleep 1', input: Promise.resolve(INPUT) });
    // What each of five sessions has room for.
    expect(await sentAhead()).toBe(10 << 20);
    // WHEN
    const { stdout } = await communicator.execute('sha256sum', { stdin: INPUT });
    // THEN
    expect(stdout.toString()).toBe(DIGEST);
    expect(await sentAhead()).toBe(0);
  });

  test('that another one was sent in place of arrives whole, and nothing is left of that', async () => {
    await open();
    await communicator.connect({ timeoutMs: 20_000, first: 'sleep 1', input: Promise.resolve(Buffer.alloc(INPUT.length)) });
    expect((await communicator.execute('sha256sum', { stdin: INPUT })).stdout.toString()).toBe(DIGEST);
  });

  test.each([['on its way', 'true'], ['there', 'sleep 1']])('that was %s when the connection was lost arrives whole', async (_, first) => {
    await open();
    await communicator.connect({ timeoutMs: 20_000, first, input: Promise.resolve(INPUT) });
    relay.cut();
    await sleep(100);
    expect((await communicator.execute('sha256sum', { stdin: INPUT })).stdout.toString()).toBe(DIGEST);
  });

  test('that nobody reads holds no command up', async () => {
    await connected();
    const begun = Date.now();
    expect(await communicator.execute('echo enough; exit 3', { stdin: INPUT })).toMatchObject({ exitCode: 3, stdout: Buffer.from('enough\n') });
    expect(Date.now() - begun).toBeLessThan(5000);
    expect((await communicator.execute('echo on')).stdout.toString()).toBe('on\n');
  });

  test('ends with a command that takes too long', async () => {
    await connected();
    await expect(communicator.execute('sleep 1000', { stdin: INPUT, timeoutMs: 1000 })).rejects.toMatchObject({ code: 'timed-out' });
    // The lines of the sessions name the folder.
    expect((await communicator.execute('sleep 2; pgrep -f "golden-[i]nput-" | wc -l')).stdout.toString()).toBe('0\n');
  }, 20_000);

  test('goes nowhere once the communicator is closed, which opens no connection again', async () => {
    await connected();
    await communicator.close();
    await expect(communicator.execute('sha256sum', { stdin: INPUT })).rejects.toMatchObject({ code: 'connection-lost', message: expect.stringContaining('was closed') });
  });

  test('goes nowhere once the connection is cut', async () => {
    await connected();
    const cut = communicator.stream('head -c 1000000 >/dev/null; echo some; sleep 1', () => { relay.cut(); }, { stdin: INPUT });
    await expect(cut).rejects.toMatchObject({ code: 'connection-lost' });
  });
});

/** Bytes that wait on the machine for their command. */
async function sentAhead(): Promise<number> {
  const files = readdirSync('/dev/shm').filter((name) => name.startsWith('golden-input-')).map((name) => statSync(join('/dev/shm', name)));
  return files.reduce((sum, { size }) => sum + size, 0);
}

/** Files of our inputs; those of a command go when it has ended, whoever is there to see it. */
async function leftFiles(): Promise<readonly string[]> {
  const files = () => ['/tmp', '/dev/shm'].flatMap((folder) => readdirSync(folder)).filter((name) => name.startsWith('golden-input-'));
  for (let tries = 0; tries < 50 && files().length > 0; tries++) { await sleep(100); }
  return files();
}
