import { rmSync } from 'fs';
import { connect, createServer, type Server, type Socket } from 'net';
import { join } from 'path';
import type { Duplex } from 'stream';
import { killGroup, start } from '../../../../lib/process';

/**
 * Runs inside the network of a machine. Sockets of the file system know no networks: by one of them whoever is outside names a port
 * of the machine, and by the other one what calls the cloud's endpoint inside gets out.
 */
const GATEWAY = `
const { connect, createServer } = require('net');
const [inward, outward, endpoint] = process.argv.slice(1);
const join = (one, other) => {
  one.pipe(other).pipe(one);
  one.on('error', () => other.destroy()).on('close', () => other.destroy());
  other.on('error', () => one.destroy()).on('close', () => one.destroy());
};
createServer({ allowHalfOpen: true, pauseOnConnect: false }, (outer) => {
  outer.on('error', () => {});
  outer.once('data', (port) => {
    outer.pause();
    const inner = connect({ host: '127.0.0.1', port: Number(port.toString()), allowHalfOpen: true, noDelay: true });
    inner.once('connect', () => { outer.write('+'); join(outer, inner); });
    inner.once('error', (error) => outer.end('-' + error.message));
  });
}).listen(inward, () => process.stdout.write('+'));
for (const host of ['127.0.0.1', '::1']) {
  createServer({ allowHalfOpen: true }, (inner) => {
    inner.on('error', () => {});
    const outer = connect({ path: outward, allowHalfOpen: true });
    outer.once('connect', () => join(inner, outer));
    outer.once('error', () => inner.destroy());
  }).on('error', () => {}).listen(Number(endpoint), host);
}
process.stdin.resume().on('end', () => process.exit());
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

/** Opens it; it ends with this process at the latest. */
export async function openGateway(options: GatewayOptions): Promise<Gateway> {
  // Of each start its own: what closes late takes the name of its socket with it.
  const turn = turns++;
  const inward = join(options.folder, `in${turn}`);
  const outward = join(options.folder, `out${turn}`);
  const outlet = await listenOutward(outward, options.endpointPort);
  const child = start([
    'setpriv', '--pdeathsig=KILL', '--', 'nsenter', `--target=${options.pid}`, '--net', '--',
    process.execPath, '-e', GATEWAY, inward, outward, String(options.endpointPort),
  ], { detached: true, stdio: ['pipe', 'pipe', 'ignore'] });
  child.unref();
  const close = () => {
    killGroup(child);
    outlet.close();
    rmSync(inward, { force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      child.stdout!.once('data', () => resolve());
      child.once('close', () => reject(new Error('The gateway of the machine ended')));
      child.once('error', reject);
    });
  } catch (error) {
    close();
    throw error;
  }
  return { dial: (port) => dialInward(inward, port), close };
}

function dialInward(path: string, port: number): Promise<Duplex> {
  return new Promise((resolve, reject) => {
    const socket = connect({ path, allowHalfOpen: true });
    const fail = (why: string) => { socket.destroy(); reject(new Error(`Port ${port} of the machine: ${why}`)); };
    const refuse = (error: Error) => fail(error.message);
    const end = () => fail('the machine has gone');
    socket.once('connect', () => socket.write(String(port)));
    socket.once('error', refuse);
    socket.once('close', end);
    socket.once('data', (data) => {
      socket.off('error', refuse).off('close', end);
      if (data[0] !== '+'.charCodeAt(0)) { fail(data.toString().slice(1)); return; }
      socket.pause();
      if (data.length > 1) { socket.unshift(data.subarray(1)); }
      resolve(socket);
    });
  });
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
