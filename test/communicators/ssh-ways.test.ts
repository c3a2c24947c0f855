import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { connect } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { utils } from 'ssh2';
import { startSshd, type LocalSshd } from './local-sshd';
import { startRelay } from './relay';
import { freshKey } from '../../lib/communicators/ssh/keys';
import { sshCommunicators, type SshCommunicatorOptions } from '../../lib/communicators/ssh/ssh-communicators';
import type { Communicator } from '../../lib/ports/communicator';
import type { Machine } from '../../lib/ports/host';
import { killGroup, output, start } from '../../lib/process';

type Spec = NonNullable<SshCommunicatorOptions['spec']>;

const spec: Spec = { port: 22, via: 'public-address' };
const folder = mkdtempSync(join(tmpdir(), 'golden-ssh-'));
const opened: { destroy(): Promise<void> }[] = [];
const communicators: Communicator[] = [];

afterEach(async () => {
  await Promise.all(communicators.splice(0).map((communicator) => communicator.close()));
  await Promise.all(opened.splice(0).map((server) => server.destroy()));
});
afterAll(() => rmSync(folder, { recursive: true }));

async function sshdFor(...parameters: Parameters<typeof startSshd>): Promise<LocalSshd> {
  const sshd = await startSshd(...parameters);
  opened.push(sshd);
  return sshd;
}

function keep(communicator: Communicator): Communicator {
  communicators.push(communicator);
  return communicator;
}

function keyFile(name: string, content: string): string {
  writeFileSync(join(folder, name), content, { mode: 0o600 });
  return name;
}

/** What a server needs of a client, and the client of the server. */
function serverKeys(authorizedKey: string) {
  return { requirements: { authorizedKey, hostKey: freshKey() } };
}

function reachedBy(machine: Machine, port: () => number): Machine {
  const dial = async () => connect({ port: port(), host: '127.0.0.1', noDelay: true });
  return { ...machine, access: { ...machine.access, dial } };
}

describe('a key that the caller has', () => {
  // ssh2 itself makes a few whose halves do not belong together.
  const { privateKey, publicKey } = freshKey();
  const ed25519 = { private: privateKey, public: publicKey };
  test.each([
    ['ed25519', ed25519],
    ['rsa', utils.generateKeyPairSync('rsa', { bits: 2048 })],
    ['ecdsa', utils.generateKeyPairSync('ecdsa', { bits: 256 })],
  ])('of the kind %s logs in, and its public half is given to the machine', async (kind, pair) => {
    const factory = sshCommunicators({ spec: { ...spec, key: { type: 'file', path: keyFile(kind, pair.private) } }, folder });
    expect(factory.requirements.authorizedKey).toBe(pair.public.split(' ').slice(0, 2).join(' '));
    const { machine } = await sshdFor(factory);
    const communicator = keep(factory.open(machine));
    await communicator.connect({ timeoutMs: 10_000 });
    expect((await communicator.execute('echo in')).stdout.toString()).toBe('in\n');
  });

  test('is not given to a machine that has it by the name of a key pair', () => {
    const path = keyFile('named', freshKey().privateKey);
    const { requirements } = sshCommunicators({ spec: { ...spec, key: { type: 'file', path, keyPairName: 'team' } }, folder });
    expect(requirements).toMatchObject({ keyPairName: 'team', authorizedKey: undefined, inboundPort: 22 });
  });

  test('may lie in the home folder', () => {
    keyFile('at-home', freshKey().privateKey);
    const key = { type: 'file', path: '~/at-home' } as const;
    expect(() => sshCommunicators({ spec: { ...spec, key }, environment: { HOME: folder } })).not.toThrow();
  });

  const locked = { passphrase: 'secret', cipher: 'aes256-ctr', rounds: 16 } as const;

  test.each([
    ['with a passphrase', 'locked', utils.generateKeyPairSync('ed25519', locked).private, 'key-has-passphrase'],
    ['that is the public half', 'half', freshKey().publicKey, 'key-unreadable'],
    ['that is none', 'none', 'nothing', 'key-unreadable'],
  ])('%s is refused before anything is launched', (_, name, content, code) => {
    const key = { type: 'file', path: keyFile(name, content) } as const;
    expect(() => sshCommunicators({ spec: { ...spec, key }, folder }))
      .toThrow(expect.objectContaining({ code, message: expect.stringContaining(name) }));
  });

  test('that is not there is refused with its path', () => {
    const key = { type: 'file', path: 'nowhere' } as const;
    const message = expect.stringContaining(join(folder, 'nowhere'));
    expect(() => sshCommunicators({ spec: { ...spec, key }, folder })).toThrow(expect.objectContaining({ code: 'key-unreadable', message }));
  });
});

describe('an SSH agent', () => {
  test('logs in with the one of its keys that is named', async () => {
    // GIVEN an agent with two keys
    const socket = join(folder, 'agent.sock');
    const agent = start(['ssh-agent', '-D', '-a', socket], { detached: true, stdio: 'ignore' });
    const second = freshKey();
    const files = [freshKey(), second].map(({ privateKey }, i) => join(folder, keyFile(`agent-${i}`, privateKey)));
    const add = `until [ -S ${socket} ]; do sleep 0.02; done; exec ssh-add -q ${files.join(' ')}`;
    await output(['sh', '-c', add], { env: { ...process.env, SSH_AUTH_SOCK: socket } });
    // WHEN
    const publicKey = second.publicKey.split(' ').slice(0, 2).join(' ');
    const factory = sshCommunicators({ spec: { ...spec, key: { type: 'agent', publicKey } }, environment: { SSH_AUTH_SOCK: socket } });
    const { machine } = await sshdFor(factory);
    const communicator = keep(factory.open(machine));
    await communicator.connect({ timeoutMs: 10_000 });
    // THEN it did, and the machine cannot use the agent
    expect((await communicator.execute('echo "[$SSH_AUTH_SOCK]"')).stdout.toString()).toBe('[]\n');
    killGroup(agent);
  });

  test('that is not there is an error that says so', () => {
    const options = { spec: { ...spec, key: { type: 'agent', keyPairName: 'team' } }, environment: {} } as const;
    expect(() => sshCommunicators(options)).toThrow(expect.objectContaining({ code: 'no-ssh-agent' }));
  });

  test('whose key nobody knows is an error, since the machine could not be given it', () => {
    const options: SshCommunicatorOptions = { spec: { ...spec, key: { type: 'agent' } }, environment: { SSH_AUTH_SOCK: '/run/agent' } };
    expect(() => sshCommunicators(options)).toThrow(expect.objectContaining({ code: 'agent-key-unknown' }));
  });
});

describe('a bastion', () => {
  const pair = freshKey();

  /** A machine that only a bastion reaches. */
  async function behindBastion(changes: { readonly hostKey?: string; readonly authorized?: string } = {}) {
    const keys = serverKeys(changes.authorized ?? pair.publicKey);
    const bastion = await sshdFor(keys);
    const relay = await startRelay({ host: '127.0.0.1', port: bastion.port }, 1);
    opened.push({ destroy: relay.close });
    let port = 0;
    const factory = sshCommunicators({
      spec: {
        get port() { return port; }, // known once the machine is there
        via: 'private-address',
        bastion: {
          host: '127.0.0.1',
          port: relay.port,
          user: 'root',
          hostKey: changes.hostKey ?? keys.requirements.hostKey.publicKey,
          key: { type: 'file', path: keyFile('bastion', pair.privateKey) },
        },
      },
      folder,
    });
    const target = await sshdFor(factory);
    port = target.port;
    const machine: Machine = { ...target.machine, access: { user: 'root', address: '127.0.0.1' } };
    return { relay, communicator: keep(factory.open(machine)), factory };
  }

  test('leads on to a machine, again after its own connection was lost', async () => {
    const { relay, communicator, factory } = await behindBastion();
    expect(factory.requirements).toMatchObject({ address: 'private' });
    await communicator.connect({ timeoutMs: 10_000 });
    const lost = communicator.stream('echo on; sleep 1000', () => { expect(relay.cut()).toBe(1); });
    await expect(lost).rejects.toMatchObject({ code: 'connection-lost' });
    expect((await communicator.execute('echo again')).stdout.toString()).toBe('again\n');
  });

  test('with another host key gets nothing, and is not tried again', async () => {
    const { communicator } = await behindBastion({ hostKey: freshKey().publicKey });
    await expect(communicator.connect({ timeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'bastion-host-key-mismatch', message: expect.stringMatching(/^The bastion root@127.0.0.1:\d+ /),
    });
  });

  test('that does not let us in is named', async () => {
    const { communicator } = await behindBastion({ authorized: freshKey().publicKey });
    await expect(communicator.connect({ timeoutMs: 10_000 })).rejects.toMatchObject({
      code: 'bastion-refused', message: expect.stringMatching(/^The bastion root@127.0.0.1:\d+.*refused our key/),
    });
  });

  test('that cannot be reached is tried until the deadline, and named', async () => {
    const { relay, communicator } = await behindBastion();
    await relay.close();
    await expect(communicator.connect({ timeoutMs: 700 })).rejects.toMatchObject({ code: 'timed-out', message: expect.stringContaining('The bastion root@127.0.0.1') });
  });
});

describe('a machine that has just been launched', () => {
  test('may show an old host key at first, and gets nothing before it shows its own', async () => {
    // GIVEN an address where another server answers twice
    const factory = sshCommunicators();
    const sshd = await sshdFor(factory);
    const early = await sshdFor(serverKeys(factory.requirements.authorizedKey!));
    let dials = 0;
    const communicator = keep(factory.open(reachedBy(sshd.machine, () => (++dials <= 2 ? early.port : sshd.port))));
    // WHEN
    await communicator.connect({ timeoutMs: 10_000 });
    // THEN
    expect(dials).toBe(3);
    expect((await communicator.execute('echo in')).stdout.toString()).toBe('in\n');
  });

  test('that has shown its host key once must go on showing it', async () => {
    const factory = sshCommunicators();
    const sshd = await sshdFor(factory);
    const impostor = await sshdFor(serverKeys(factory.requirements.authorizedKey!));
    let { port } = sshd;
    const communicator = keep(factory.open(reachedBy(sshd.machine, () => port)));
    await communicator.connect({ timeoutMs: 10_000 });
    ({ port } = impostor);
    const begun = Date.now();
    await expect(communicator.connect({ timeoutMs: 60_000 })).rejects.toMatchObject({ code: 'host-key-mismatch' });
    expect(Date.now() - begun).toBeLessThan(10_000);
  });
});
