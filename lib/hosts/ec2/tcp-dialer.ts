import { connect } from 'net';
import { GoldenError } from '../../errors';
import type { Dialer } from '../../ports/dialer';

/** Opens streams to ports of an address, directly. */
export function tcpDialer(address: string): Dialer {
  return (port, { timeoutMs, signal }) => new Promise((resolve, reject) => {
    const where = `${address}:${port}`;
    // A machine that ends the stream has gone: nobody writes to it any more.
    const socket = connect({ host: address, port, noDelay: true });
    const settle = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      socket.removeListener('error', failed);
    };
    const fail = (error: GoldenError) => {
      settle();
      socket.on('error', () => undefined).destroy();
      reject(error);
    };
    const abort = () => fail(new GoldenError('interrupted', `Connecting to ${where} was interrupted`, { kind: 'interrupted' }));
    const failed = (error: Error) => fail(new GoldenError('connection-failed', `${where} cannot be reached: ${error.message}`, { cause: error }));
    const timer = setTimeout(() => fail(new GoldenError('timed-out', `${where} did not answer within ${timeoutMs / 1000} s`)), timeoutMs);
    socket.once('error', failed);
    socket.once('connect', () => {
      settle();
      resolve(socket);
    });
    signal?.addEventListener('abort', abort, { once: true });
    if (signal?.aborted) { abort(); }
  });
}
