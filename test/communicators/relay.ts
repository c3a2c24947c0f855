import { connect, createServer, type AddressInfo, type Socket } from 'net';

export interface Relay {
  readonly port: number;
  /** Breaks all that goes through it. Returns how many connections those were. */
  readonly cut: () => number;
  /** From now on nothing passes, and nobody is told. */
  readonly freeze: () => void;
  readonly close: () => Promise<void>;
}

/** A TCP relay on this computer whose every byte takes its time, each way. What it keeps in flight is bounded by its two ends only. */
export async function startRelay(target: { readonly host: string; readonly port: number }, delayMs: number): Promise<Relay> {
  const sockets = new Set<Socket>();
  const server = createServer({ noDelay: true, allowHalfOpen: true }, (near) => {
    const far = connect({ ...target, noDelay: true, allowHalfOpen: true });
    // On a real path the connection itself takes a round trip before anything can be sent.
    const begin = performance.now();
    carry(near, far, delayMs, begin + 3 * delayMs);
    carry(far, near, delayMs, begin + 4 * delayMs);
    for (const socket of [near, far]) {
      sockets.add(socket);
      socket.on('error', () => { /* its end says the same */ });
      socket.once('close', () => {
        sockets.delete(socket);
        near.destroy();
        far.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const cut = () => {
    const open = sockets.size / 2;
    sockets.forEach((socket) => socket.destroy());
    return open;
  };
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    freeze: () => sockets.forEach((socket) => socket.removeAllListeners('data').pause()),
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** Hands everything on after a while, in order; an end, too. */
function carry(from: Socket, to: Socket, delayMs: number, notBefore: number): void {
  const waiting: { readonly at: number; readonly data: Buffer | undefined }[] = [];
  let timer: NodeJS.Timeout | undefined;
  const deliver = () => {
    timer = undefined;
    const now = performance.now();
    while (waiting.length > 0 && waiting[0].at <= now + 0.5) {
      const { data } = waiting.shift()!;
      if (to.destroyed) { continue; }
      if (data) { to.write(data); } else { to.end(); }
    }
    if (waiting.length > 0) { timer = setTimeout(deliver, waiting[0].at - performance.now()); }
  };
  const take = (data: Buffer | undefined) => {
    waiting.push({ at: Math.max(performance.now() + delayMs, notBefore), data });
    timer ??= setTimeout(deliver, waiting[0].at - performance.now());
  };
  from.on('data', take);
  from.once('end', () => take(undefined));
}
