import { randomBytes } from 'crypto';
import { once } from 'events';
import { createServer, type AddressInfo, type Server, type Socket } from 'net';
import type { Duplex } from 'stream';
import { setTimeout as sleep } from 'timers/promises';
import { startSshd } from './local-sshd';
import { startSessionService, type SessionService } from './session-service';
import { systemClock } from '../../lib/cli/wiring';
import { sshCommunicators } from '../../lib/communicators/ssh/ssh-communicators';
import { sessionDialer } from '../../lib/communicators/ssm/session-dialer';
import type { Machine } from '../../lib/ports/host';

const INSTANCE = 'i-0123456789abcdef0';
const MB = 1_000_000;
const access = { region: 'us-east-2', credentials: async () => ({ accessKeyId: 'test', secretAccessKey: 'test' }) };
const dial = sessionDialer({ access, instanceId: INSTANCE, clock: systemClock });

let service: SessionService;
let echo: Server;
let port: number;
const sockets = new Set<Socket>();

beforeAll(async () => {
  service = await startSessionService(INSTANCE);
  echo = createServer((socket) => { sockets.add(socket); socket.on('error', () => undefined).pipe(socket); }).listen(0, '127.0.0.1');
  await once(echo, 'listening');
  port = (echo.address() as AddressInfo).port;
});
beforeEach(() => {
  Object.assign(service.ssm.settings, { loss: 0, disorder: 0 });
  service.calls.length = 0;
});
afterEach(() => { expect(service.ssm.violations).toEqual([]); });
afterAll(async () => {
  await service.stop();
  sockets.forEach((socket) => socket.destroy());
  echo.close();
});

test('what is sent to a port through a session comes back as it was, with its order, and the session is ended with the stream', async () => {
  const stream = await dial(port, { timeoutMs: 5000 });
  const sent = randomBytes(5 * MB);
  expect((await returned(stream, sent)).equals(sent)).toBe(true);
  stream.destroy();
  await until(() => service.calls.includes('TerminateSession'));
  expect(service.calls).toEqual(['StartSession', 'TerminateSession']);
});

test('a way that loses a tenth of all messages and turns others round loses nothing', async () => {
  Object.assign(service.ssm.settings, { loss: 0.1, disorder: 0.1 });
  const stream = await dial(port, { timeoutMs: 10_000 });
  const sent = randomBytes(MB);
  expect((await returned(stream, sent)).equals(sent)).toBe(true);
  stream.destroy();
});

test('a reader that takes its time gets all of it', async () => {
  const stream = await dial(port, { timeoutMs: 5000 });
  const sent = randomBytes(2 * MB);
  const writing = new Promise<void>((resolve) => stream.write(sent, () => resolve()));
  const pieces: Buffer[] = [];
  let length = 0;
  for await (const data of stream) {
    pieces.push(data as Buffer);
    length += (data as Buffer).length;
    if (pieces.length % 50 === 0) { await sleep(20); }
    if (length === sent.length) { break; }
  }
  await writing;
  expect(Buffer.concat(pieces).equals(sent)).toBe(true);
});

test('where the machine closes its end, what it wrote before can still be read', async () => {
  const server = createServer((socket) => socket.end(Buffer.alloc(300_000, 7))).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const stream = await dial((server.address() as AddressInfo).port, { timeoutMs: 5000 });
  const pieces: Buffer[] = [];
  for await (const data of stream) { pieces.push(data as Buffer); }
  expect(Buffer.concat(pieces).equals(Buffer.alloc(300_000, 7))).toBe(true);
  server.close();
});

test('a session whose WebSocket breaks ends', async () => {
  const stream = await dial(port, { timeoutMs: 5000 });
  const ended = once(stream.resume(), 'close');
  expect(service.ssm.dropSessions()).toBe(1);
  await ended;
});

test('an instance whose agent is not there is waited for, and its error says what it needs', async () => {
  const stranger = sessionDialer({ access, instanceId: 'i-0eeeeeeeeeeeeeeee', clock: systemClock });
  await expect(stranger(22, { timeoutMs: 500 })).rejects.toMatchObject({ code: 'connection-lost', hint: expect.stringContaining('needs the SSM agent') });
});

test('a dial that is called off ends at once, and its session with it', async () => {
  const controller = new AbortController();
  Object.assign(service.ssm.settings, { loss: 1 });
  setTimeout(() => controller.abort(), 100);
  await expect(dial(port, { timeoutMs: 60_000, signal: controller.signal })).rejects.toMatchObject({ code: 'interrupted' });
  await until(() => service.calls.includes('TerminateSession'));
});

test('an agent that does not shake hands is given up in time', async () => {
  Object.assign(service.ssm.settings, { loss: 1 });
  await expect(dial(port, { timeoutMs: 300 })).rejects.toMatchObject({ code: 'connection-lost', message: expect.stringContaining('did not open port') });
});

test('SSH goes through a session', async () => {
  // GIVEN a real sshd, and a session to the port it listens on
  const ssh = sshCommunicators();
  const sshd = await startSshd(ssh);
  const socket = await sshd.machine.access.dial!(22, { timeoutMs: 5000 }) as Socket;
  const sshPort = socket.remotePort!;
  socket.destroy();
  const machine: Machine = { ...sshd.machine, access: { user: 'root', dial: (_, options) => dial(sshPort, options) } };
  const communicator = ssh.open(machine);
  // WHEN
  await communicator.connect({ timeoutMs: 10_000 });
  const begun = Date.now();
  const { stdout } = await communicator.execute('cat', { stdin: randomBytes(3 * MB) });
  const rate = 2 * stdout.length / (Date.now() - begun) / 1000;
  // THEN
  expect(stdout).toHaveLength(3 * MB);
  expect(rate).toBeGreaterThan(0.5); // MB/s, there and back: the agent itself reaches one
  await communicator.close();
  await sshd.destroy();
});

async function returned(stream: Duplex, sent: Buffer): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let length = 0;
  const all = new Promise<void>((resolve, reject) => {
    stream.on('data', (data: Buffer) => {
      pieces.push(data);
      length += data.length;
      if (length >= sent.length) { resolve(); }
    });
    stream.once('error', reject);
    stream.once('close', () => reject(new Error(`closed after ${length} bytes`)));
  });
  stream.write(sent);
  await all;
  return Buffer.concat(pieces);
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 5000; !condition();) {
    if (Date.now() > deadline) { throw new Error('It did not come to that'); }
    await sleep(10);
  }
}
