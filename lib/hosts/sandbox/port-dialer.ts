import { Duplex } from 'stream';
import { GoldenError } from '../../errors';
import type { Dialer } from '../../ports/dialer';
import { killGroup, start } from '../../process';

/** Runs inside the machine's network: connects, says so on stderr, and passes bytes both ways, none of them held back to go with later ones. */
const RELAY = `
const socket = require('net').connect({ host: '127.0.0.1', port: Number(process.argv[1]), allowHalfOpen: true, noDelay: true });
socket.once('connect', () => { process.stderr.write('+'); process.stdin.pipe(socket); socket.pipe(process.stdout); });
socket.once('error', (error) => { process.stderr.write(error.message); process.exit(1); });
`;

/**
 * Opens streams to ports of a machine. A socket belongs to the network namespace it was made in, so a small process of ours
 * enters that of the machine and relays; the machine's own programs are not needed for it.
 * @param leader first process of the machine at this time
 */
export function portDialer(leader: () => number): Dialer {
  return (port, options) => new Promise((resolve, reject) => {
    const child = start(['nsenter', `--target=${leader()}`, '--net', '--', process.execPath, '-e', RELAY, String(port)], { detached: true });
    let said = '';
    const fail = (error: GoldenError) => {
      settle();
      killGroup(child);
      reject(error);
    };
    const abort = () => fail(new GoldenError('interrupted', `Connecting to port ${port} was interrupted`, { kind: 'interrupted' }));
    const timer = setTimeout(
      () => fail(new GoldenError('timed-out', `Port ${port} of the machine did not answer within ${options.timeoutMs / 1000} s`)), options.timeoutMs,
    );
    const settle = () => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', abort);
    };
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) { abort(); return; }
    child.once('error', (error) => fail(new GoldenError('connection-failed', `Port ${port} of the machine: ${error.message}`, { cause: error })));
    child.once('close', () => fail(new GoldenError('connection-failed', `Port ${port} of the machine cannot be reached: ${said.trim()}`)));
    child.stderr!.on('data', (data: Buffer) => {
      said += data.toString();
      if (!said.startsWith('+')) { return; }
      settle();
      child.stderr!.removeAllListeners('data').resume();
      resolve(new RelayedStream(child));
    });
  });
}

/** Both directions of a relay as one stream; when nobody wants it any more, the relay ends with it. */
class RelayedStream extends Duplex {
  constructor(private readonly relay: ReturnType<typeof start>) {
    super({ allowHalfOpen: true });
    relay.stdout!.on('data', (data: Buffer) => { if (!this.push(data)) { relay.stdout!.pause(); } });
    relay.stdout!.once('end', () => this.push(null));
    relay.stdin!.on('error', (error) => this.destroy(error));
  }

  override _read(): void { this.relay.stdout!.resume(); }

  override _write(data: Buffer, _: BufferEncoding, done: (error?: Error | null) => void): void { this.relay.stdin!.write(data, done); }

  override _final(done: () => void): void { this.relay.stdin!.end(done); }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    killGroup(this.relay);
    done(error);
  }
}
