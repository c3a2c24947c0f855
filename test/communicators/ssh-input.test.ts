import { createHash, randomBytes } from 'crypto';
import { existsSync, readdirSync } from 'fs';
import { setTimeout as sleep } from 'timers/promises';
import { startSshd, type LocalSshd } from './local-sshd';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import type { Communicator } from '../../lib/ports/communicator';

/** Not a number of whole segments, nor the same number for each session. */
const INPUT = randomBytes((9 << 20) + 12_345);
const DIGEST = `${createHash('sha256').update(INPUT).digest('hex')}  -\n`;

describe('a large input of a command', () => {
  const factory = sshCommunicators();
  let sshd: LocalSshd;
  let communicator: Communicator;
  afterEach(async () => {
    await communicator.close();
    await sshd.destroy();
    expect(await leftFolders()).toEqual([]);
  });

  async function connected(...settings: readonly string[]): Promise<void> {
    sshd = await startSshd(factory, settings);
    communicator = factory.open(sshd.machine);
    await communicator.connect({ timeoutMs: 20_000 });
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

  test('goes nowhere once the connection is cut', async () => {
    await connected();
    const cut = communicator.stream('head -c 1000000 >/dev/null; echo some; sleep 1000', () => sshd.cut(), { stdin: INPUT });
    await expect(cut).rejects.toMatchObject({ code: 'connection-lost' });
  });
});

/** Folders of our inputs; that of a command that was ended may go a moment later. */
async function leftFolders(): Promise<readonly string[]> {
  const folders = () => (existsSync('/run') ? readdirSync('/run').filter((name) => name.startsWith('golden-input-')) : []);
  for (let tries = 0; tries < 20 && folders().length > 0; tries++) { await sleep(100); }
  return folders();
}
