import { connect, type Socket } from 'net';
import { setTimeout as sleep } from 'timers/promises';
import { GoldenError } from '../../errors';

/**
 * QEMU takes a connection before the machine listens, and holds it; so a try that hears nothing is given up. One lasts a fifth of
 * the time waited so far, and at least this: where a machine is slow to boot, its SSH server is slow to greet.
 */
const LEAST_TRY_MS = 2000;
const TRY_SHARE = 1 / 5;
const PAUSE_MS = 200;

/** Connects to a forwarded port of this computer, again and again until an SSH server greets; the greeting is left to be read. */
export async function dialSsh(port: number, options: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Socket> {
  const begin = Date.now();
  const deadline = begin + options.timeoutMs;
  for (;;) {
    if (options.signal?.aborted) { throw new GoldenError('interrupted', 'Waiting for the SSH server was interrupted', { kind: 'interrupted' }); }
    const left = deadline - Date.now();
    if (left <= 0) {
      throw new GoldenError('timed-out', `No SSH server answered within ${options.timeoutMs / 1000} s`, {
        hint: 'Is an SSH server installed and enabled in the image, and does its network come up?',
      });
    }
    const socket = await greeted(port, Math.min(Math.max(LEAST_TRY_MS, (Date.now() - begin) * TRY_SHARE), left), options.signal);
    if (socket) { return socket; }
    await sleep(Math.min(PAUSE_MS, Math.max(0, deadline - Date.now())));
  }
}

function greeted(port: number, timeoutMs: number, signal?: AbortSignal): Promise<Socket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    const settle = (greeting?: Buffer) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', giveUp);
      socket.removeAllListeners();
      if (!greeting?.toString('latin1').startsWith('SSH-')) {
        socket.on('error', () => { /* given up */ });
        socket.destroy();
        resolve(undefined);
        return;
      }
      socket.pause();
      socket.unshift(greeting);
      resolve(socket);
    };
    const giveUp = () => settle();
    const timer = setTimeout(giveUp, timeoutMs);
    signal?.addEventListener('abort', giveUp, { once: true });
    socket.once('data', settle);
    socket.once('error', giveUp);
    socket.once('close', giveUp);
  });
}
