import { GoldenError } from '../../lib/errors';
import type { Communicator } from '../../lib/ports/communicator';

/** Which connections break, and when. */
export interface Breaks {
  /** Bytes after which each stream breaks, one after the other; the streams after the last one hold. */
  readonly streams?: number[];
  /** How many commands are executed without an answer. */
  executes?: number;
}

/** A communicator whose connections break: what was asked for has happened, and nobody hears of it. Counts what it did. */
export class BreakingCommunicator implements Communicator {
  readonly kind: Communicator['kind'];
  readonly counts = { connects: 0, executes: 0, uploads: 0, streams: 0 };

  constructor(private readonly inner: Communicator, private readonly breaks: Breaks) {
    this.kind = inner.kind;
  }

  async connect(...args: Parameters<Communicator['connect']>): ReturnType<Communicator['connect']> {
    this.counts.connects++;
    return this.inner.connect(...args);
  }

  async execute(...args: Parameters<Communicator['execute']>): ReturnType<Communicator['execute']> {
    this.counts.executes++;
    const result = await this.inner.execute(...args);
    if (this.breaks.executes) {
      this.breaks.executes--;
      throw lost();
    }
    return result;
  }

  async upload(...args: Parameters<Communicator['upload']>): Promise<void> {
    this.counts.uploads++;
    await this.inner.upload(...args);
  }

  download(path: string): ReturnType<Communicator['download']> {
    return this.inner.download(path);
  }

  attach(...args: Parameters<Communicator['attach']>): ReturnType<Communicator['attach']> {
    return this.inner.attach(...args);
  }

  async stream(...[command, onData, options]: Parameters<Communicator['stream']>): Promise<number> {
    this.counts.streams++;
    const limit = this.breaks.streams?.shift();
    if (limit === undefined) { return this.inner.stream(command, onData, options); }
    let left = limit;
    return this.inner.stream(command, async (data) => {
      const piece = data.subarray(0, left);
      left -= piece.length;
      if (piece.length > 0) { await onData(piece); }
      if (left === 0) { throw lost(); }
    }, options);
  }

  close(): Promise<void> {
    return this.inner.close();
  }
}

function lost(): GoldenError {
  return new GoldenError('connection-lost', 'The connection broke, as this test wants it');
}
