import { connect, createServer, type Server, type Socket } from 'net';
import { join } from 'path';
import type { Duplex } from 'stream';
import { killGroup, start } from '../../../../lib/process';

/**
 * Runs inside the network of a machine. Whoever is outside names a port of the machine, and is handed the connection to it: nothing
 * that goes over it passes through here. What calls the cloud's endpoint inside gets out by a socket of the file system, which knows
 * no networks.
 */
const GATEWAY = `
const { connect, createServer } = require('net');
const [outward, endpoint] = process.argv.slice(1);
const join = (one, other) => {
  one.pipe(other).pipe(one);
  one.on('error', () => other.destroy()).on('close', () => other.destroy());
  other.on('error', () => one.destroy()).on('close', () => one.destroy());
};
process.on('message', ({ id, port }) => {
  const inner = connect({ host: '127.0.0.1', port, noDelay: true });
  inner.pause();
  inner.once('connect', () => process.send({ id }, inner));
  inner.once('error', (error) => process.send({ id, error: error.message }));
});
process.on('disconnect', () => process.exit());
let listening = 0;
for (const host of ['127.0.0.1', '::1']) {
  const tell = () => { if (++listening === 2) { process.send({ ready: true }); } };
  createServer({ allowHalfOpen: true }, (inner) => {
    inner.on('error', () => {});
    const outer = connect({ path: outward, allowHalfOpen: true });
    outer.once('connect', () => join(inner, outer));
    outer.once('error', () => inner.destroy());
  }).on('error', tell).listen(Number(endpoint), host, tell);
}
`;

/** The way into the network of one start of a machine, and out of it to the cloud's endpoint. */
export interface Gateway {
  dial(port: number): Promise<Duplex>;
  close(): void;
}

export interface GatewayOptions {
  /** A process of the machine. */
  readonly pid: number;
  /** Keeps the sockets; its path has to be short. */
  readonly folder: string;
  readonly endpointPort: number;
}

let turns = 0;

/** What the gateway says. */
interface Message {
  readonly ready?: true;
  /** Of the request that it answers. */
  readonly id?: number;
  readonly error?: string;
}

/** Opens it; it ends with this process at the latest. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  // Of each start its own: what closes late takes the name of its socket with it.
  const outward = join(options.folder, `out${turns++}`);
  const outlet = await listenOutward(outward, options.endpointPort);
  const child = start([
    'setpriv', '--pdeathsig=KILL', '--', 'nsenter', `--target=${options.pid}`, '--net', '--',
    process.execPath, '-e', GATEWAY, outward, String(options.endpointPort),
  ], { detached: true, stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
  child.unref();
  child.channel?.unref();
  const waiting = new Map<number, (message: Message, socket?: Socket) => void>();
  child.on('message', (message: Message, socket) => { if (message.id !== undefined) { waiting.get(message.id)?.(message, socket as Socket | undefined); } });
  child.once('close', () => waiting.forEach((answer) => answer({ error: 'the machine has gone' })));
  const close = () => {
    killGroup(child);
    outlet.close();
  };
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('message', () => resolve());
      child.once('close', () => reject(new Error('The gateway of the machine ended')));
      child.once('error', reject);
    });
  } catch (error) {
    close();
    throw error;
  }
  let requests = 0;
  const dial = (port: number) => new Promise<Duplex>((resolve, reject) => {
    const id = requests++;
    waiting.set(id, ({ error }, socket) => {
      waiting.delete(id);
      if (socket) { resolve(socket.setNoDelay(true)); } else { reject(new Error(`Port ${port} of the machine: ${error}`)); }
      // The way it was opened here says nothing of how it may end.
      if (socket) { socket.allowHalfOpen = true; }
    });
    child.send({ id, port }, (error) => { if (error) { waiting.get(id)?.({ error: 'the machine has gone' }); } });
  });
  return { dial, close };
}

async function listenOutward(path: string, endpointPort: number): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, (inner) => {
    joinStreams(inner, connect({ host: '127.0.0.1', port: endpointPort, allowHalfOpen: true, noDelay: true }));
  });
  await new Promise<void>((resolve, reject) => { server.once('error', reject).listen(path, resolve); });
  server.unref();
  return server;
}

/** Passes on what each of two streams says; the end of one, however it comes, is the end of both. */
export function joinStreams(one: Duplex, other: Duplex): void {
  one.pipe(other).pipe(one);
  const endBoth = () => { one.destroy(); other.destroy(); };
  [one, other].forEach((stream) => {
    stream.on('error', endBoth).on('close', endBoth);
    (stream as Partial<Socket>).unref?.();
  });
}
