import { chmod, mkdir, mkdtemp, rm, writeFile } from 'fs/promises';
import { connect, createServer, type AddressInfo, type Socket } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { setTimeout as sleep } from 'timers/promises';
import type { CommunicatorFactory } from '../../lib/ports/communicator';
import type { Machine } from '../../lib/ports/host';
import { killGroup, start } from '../../lib/process';

export interface LocalSshd {
  readonly machine: Machine;
  readonly port: number;
  /** Breaks all connections. */
  readonly cut: () => void;
  readonly destroy: () => Promise<void>;
}

/** A real OpenSSH server of this computer, on a port of its own, that lets in only the key of the factory. Needs root. */
export async function startSshd({ requirements }: Pick<CommunicatorFactory, 'requirements'>, settings: readonly string[] = []): Promise<LocalSshd> {
  const folder = await mkdtemp(join(tmpdir(), 'golden-sshd-'));
  await chmod(folder, 0o755); // sshd reads the authorised keys as the user who logs in
  const file = async (name: string, content: string, mode = 0o600) => {
    await writeFile(join(folder, name), content, { mode });
    return join(folder, name);
  };
  const port = await freePort();
  const config = await file('config', [
    `ListenAddress 127.0.0.1:${port}`,
    `HostKey ${await file('host-key', requirements.hostKey!.privateKey)}`,
    `AuthorizedKeysFile ${await file('authorized-keys', `${requirements.authorizedKey}\n`, 0o644)}`,
    'PidFile none', 'UsePAM no', 'PermitRootLogin prohibit-password', 'StrictModes no', 'PermitUserRC no',
    `SetEnv HOME=${folder}`, // the profile of whoever runs the tests is none of their business
    ...settings, '',
  ].join('\n'));
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 }); // where sshd separates privileges; its package makes it at boot
  const child = start(['/usr/sbin/sshd', '-D', '-e', '-f', config], { detached: true, stdio: 'ignore' });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const sockets = new Set<Socket>();
  const destroy = async () => {
    for (const socket of sockets) { socket.destroy(); }
    killGroup(child);
    await ended;
    await rm(folder, { recursive: true });
  };
  const dial = async () => {
    const socket = await connectWithin(port, 5000);
    sockets.add(socket.once('close', () => sockets.delete(socket)));
    return socket;
  };
  return {
    port,
    machine: {
      id: 'local-sshd',
      description: `sshd, process ${child.pid}`,
      booted: true,
      access: { user: 'root', dial, address: '127.0.0.1' },
      lost: new Promise(() => { /* it is not */ }),
      restarted: () => Promise.reject(new Error('This computer is not restarted')),
      stop: destroy,
      destroy,
    },
    cut: () => { for (const socket of sockets) { socket.destroy(); } },
    destroy,
  };
}

async function connectWithin(port: number, timeoutMs: number): Promise<Socket> {
  for (const deadline = Date.now() + timeoutMs; ;) {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const error = await new Promise<Error | undefined>((resolve) => socket.once('connect', () => resolve(undefined)).once('error', resolve));
    if (!error) { return socket; }
    if (Date.now() > deadline) { throw error; }
    await sleep(20);
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
