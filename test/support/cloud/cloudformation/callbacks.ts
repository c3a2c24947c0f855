import { randomBytes } from 'crypto';
import type { IncomingMessage, ServerResponse } from 'http';

/** Path of the endpoint below which callbacks lie. */
export const CALLBACK_PATH = '/cloudformation-callbacks/';

/** A URL that somebody is to put an answer to, as often as they like. */
export interface Callback {
  /** Needs no signature: it is one. */
  readonly url: string;
  /** The bodies that came so far. */
  readonly bodies: readonly string[];
  /** The next body that nobody took yet. Rejects when the signal ends. */
  next(signal: AbortSignal): Promise<string>;
  close(): void;
}

interface OpenCallback extends Callback {
  take(body: string): void;
}

/** Response URLs of custom resources, and the handles of wait conditions. */
export class Callbacks {
  private readonly open = new Map<string, OpenCallback>();

  constructor(private readonly endpoint: () => string) {}

  create(): Callback {
    const id = randomBytes(16).toString('hex');
    const callback = openCallback(`${this.endpoint()}${CALLBACK_PATH}${id}?Expires=7200&Signature=${randomBytes(10).toString('hex')}`, () => this.open.delete(id));
    this.open.set(id, callback);
    return callback;
  }

  /** The callback of a URL that was handed out. */
  of(url: string): Callback | undefined {
    return this.open.get(idIn(new URL(url).pathname));
  }

  /** Answers what comes to one of the URLs. */
  async serve(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) { chunks.push(chunk as Buffer); }
    const callback = this.open.get(idIn(new URL(incoming.url!, 'http://localhost').pathname));
    const status = incoming.method !== 'PUT' ? 405 : callback ? 200 : 403;
    if (status === 200) { callback!.take(Buffer.concat(chunks).toString()); }
    response.writeHead(status, { 'content-length': 0 });
    response.end();
  }

  clear(): void {
    this.open.clear();
  }
}

function idIn(path: string): string {
  return path.slice(CALLBACK_PATH.length);
}

function openCallback(url: string, close: () => void): OpenCallback {
  const bodies: string[] = [];
  let taken = 0;
  let tell: (() => void) | undefined;
  return {
    url,
    bodies,
    take: (body) => { bodies.push(body); tell?.(); },
    next: async (signal) => {
      if (bodies.length <= taken) {
        await new Promise<void>((resolve, reject) => {
          if (signal.aborted) { reject(signal.reason); return; }
          const end = () => reject(signal.reason);
          signal.addEventListener('abort', end, { once: true });
          tell = () => { signal.removeEventListener('abort', end); resolve(); };
        });
      }
      taken += 1;
      return bodies[taken - 1];
    },
    close,
  };
}
