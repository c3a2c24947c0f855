import { connect, type AddressInfo } from 'net';
import { setTimeout as sleep } from 'timers/promises';
import { Server, type Connection } from 'ssh2';
import { startSshd } from './local-sshd';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import type { Communicator } from '../../lib/ports/communicator';
import type { Machine } from '../../lib/ports/host';

const lost = new Promise<string>(() => { /* it stays */ });
const ends: (() => unknown)[] = [];
afterEach(async () => { for (const end of ends.splice(0).reverse()) { await end(); } });

interface OtherServer {
  readonly communicator: Communicator;
  readonly logins: () => number;
}

/** A server of another kind: what it does with the session of each login is up to the test. */
async function serverOf(ident: string, serve: (client: Connection, login: number) => void): Promise<OtherServer> {
  const factory = sshCommunicators();
  let logins = 0;
  const server = new Server({ ident, hostKeys: [factory.requirements.hostKey!.privateKey] }, (client) => {
    client.on('error', () => { /* it is told at the other end */ });
    client.on('authentication', (context) => context.accept());
    client.once('ready', () => serve(client, ++logins));
  });
  await new Promise<void>((resolve) => { server.listen(0, '127.0.0.1', resolve); });
  const { port } = server.address() as AddressInfo;
  const dial = async () => connect({ port, host: '127.0.0.1', noDelay: true });
  const communicator = factory.open({ id: 'm', description: 'a server', booted: true, access: { user: 'root', dial }, lost } as unknown as Machine);
  ends.push(() => server.close(), () => communicator.close());
  return { communicator, logins: () => logins };
}

/** Takes a session after a while, and until then knows of no channel. */
function takeLate(client: Connection): void {
  client.on('session', (accept) => setTimeout(() => {
    accept().on('exec', (taken, _reject, { command }) => {
      const channel = taken();
      channel.stderr.write(command.replace(/^[^]*?([0-9a-f]{16})[^]*$/, '$1 1\n'));
      channel.write('answered');
      channel.exit(0);
      channel.end();
    });
  }, 100));
}

test('the first command of a connection comes with the login, and its answer and exit code arrive', async () => {
  const factory = sshCommunicators();
  const sshd = await startSshd(factory);
  const communicator = factory.open(sshd.machine);
  ends.push(() => sshd.destroy(), () => communicator.close());
  const first = await communicator.connect({ timeoutMs: 20_000, first: 'echo first; echo second >&2' });
  expect(first.toString()).toBe('first\n');
  // AND after a loss it may be a command that fails, with an input
  sshd.cut();
  await sleep(200);
  const { exitCode, stdout, stderr } = await communicator.execute('cat; echo no >&2; exit 3', { stdin: 'given' });
  expect([exitCode, stdout.toString(), stderr.toString()]).toEqual([3, 'given', 'no\n']);
});

test('a server that ends a connection because of it gets it after the login', async () => {
  const { communicator, logins } = await serverOf('OpenSSH_0 that is none', (client, login) => {
    if (login === 1) { client.on('session', () => client.end()); } else { takeLate(client); }
  });
  expect((await communicator.connect({ timeoutMs: 20_000 })).toString()).toBe('answered');
  expect(logins()).toBe(2);
});

test('a server that is no OpenSSH gets it after the login', async () => {
  const { communicator, logins } = await serverOf('Another_1.0', takeLate);
  expect((await communicator.connect({ timeoutMs: 20_000 })).toString()).toBe('answered');
  expect(logins()).toBe(1);
});
