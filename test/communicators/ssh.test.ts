import { createServer, connect, type AddressInfo } from 'net';
import { utils } from 'ssh2';
import { startSshd, type LocalSshd } from './local-sshd';
import { freshKey } from '../../lib/communicators/ssh/keys';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import type { Machine } from '../../lib/ports/host';
import { describeCommunicator } from '../contract/communicator.contract';

describeCommunicator('ssh', true, async () => {
  const factory = sshCommunicators();
  return { factory, ...await startSshd(factory) };
});

describe('logging in', () => {
  const factory = sshCommunicators();
  let sshd: LocalSshd;
  beforeAll(async () => { sshd = await startSshd(factory); });
  afterAll(() => sshd.destroy());

  test('a machine with another host key is tried until the deadline, since its own may arrive late, and gets nothing', async () => {
    const stranger = sshCommunicators().open(sshd.machine);
    const begun = Date.now();
    await expect(stranger.connect({ timeoutMs: 1000 })).rejects.toMatchObject({ code: 'host-key-mismatch' });
    expect(Date.now() - begun).toBeGreaterThan(600);
    await expect(stranger.execute('true')).rejects.toMatchObject({ code: 'host-key-mismatch' });
  });

  test('a key that the machine does not know is tried until the deadline, since keys may arrive late', async () => {
    // GIVEN a machine with the host key we expect, and somebody else's authorised key
    const other = sshCommunicators();
    const lenient = await startSshd({ ...factory, requirements: { ...factory.requirements, authorizedKey: other.requirements.authorizedKey } });
    // WHEN
    const begun = Date.now();
    const connecting = factory.open(lenient.machine).connect({ timeoutMs: 1500 });
    // THEN
    await expect(connecting).rejects.toMatchObject({ code: 'timed-out', message: expect.stringContaining('refused our key for the user root') });
    expect(Date.now() - begun).toBeGreaterThan(1000);
    await lenient.destroy();
  });

  test('a port that takes connections and says nothing is given up at the deadline', async () => {
    const mute = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => mute.once('listening', resolve));
    const machine = reachedBy(async () => connect((mute.address() as AddressInfo).port, '127.0.0.1'));
    await expect(factory.open(machine).connect({ timeoutMs: 1000 })).rejects.toMatchObject({ code: 'timed-out' });
    mute.close();
  });

  test('a machine that goes away is not waited for', async () => {
    const machine = { ...reachedBy(() => new Promise(() => { /* never */ })), lost: Promise.resolve('QEMU ended (exit code 1)') };
    await expect(factory.open(machine).connect({ timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'machine-lost', message: 'QEMU ended (exit code 1)' });
  });

  test('a machine without a network port is refused with a hint', async () => {
    const machine = { ...sshd.machine, access: { user: 'root' } };
    await expect(factory.open(machine).connect({ timeoutMs: 1000 })).rejects.toMatchObject({ code: 'unreachable' });
  });

  test('a login that is called off ends at once', async () => {
    const machine = reachedBy((_, { signal }) => new Promise((__, reject) => signal!.addEventListener('abort', () => reject(signal!.reason))));
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 100);
    await expect(factory.open(machine).connect({ timeoutMs: 60_000, signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
  });

  test('a machine that cannot be reached is tried until the deadline, and the last reason told', async () => {
    const machine = reachedBy(() => Promise.reject(new Error('connect ECONNREFUSED')));
    await expect(factory.open(machine).connect({ timeoutMs: 700 })).rejects.toMatchObject({
      code: 'timed-out', message: expect.stringContaining('cannot be reached: connect ECONNREFUSED'),
    });
  });

  test('a command for a machine that cannot be reached any more says that the connection is lost', async () => {
    const machine = reachedBy(() => Promise.reject(new Error('connect ECONNREFUSED')));
    await expect(factory.open(machine).execute('true')).rejects.toMatchObject({ code: 'connection-lost' });
  });

  test('where the user is not root and may not become root, it says so', async () => {
    const machine = { ...sshd.machine, access: { ...sshd.machine.access, user: 'games' } };
    await expect(factory.open(machine).connect({ timeoutMs: 1000 })).rejects.toMatchObject({
      code: 'timed-out', message: expect.stringContaining('The user games cannot run commands as root'),
    });
  });

  function reachedBy(dial: NonNullable<Machine['access']['dial']>): Machine {
    return { ...sshd.machine, access: { user: 'root', dial } };
  }
});

describe('keys', () => {
  test('every key can be used, though about 3 of 1000 that ssh2 makes cannot', () => {
    for (let i = 0; i < 1000; i++) {
      const { privateKey, publicKey } = freshKey();
      const [secret, open] = [utils.parseKey(privateKey), utils.parseKey(publicKey)];
      if (secret instanceof Error || open instanceof Error) { throw new Error('a key that cannot be read'); }
      expect(secret.getPublicSSH().equals(open.getPublicSSH())).toBe(true);
    }
  });
});
