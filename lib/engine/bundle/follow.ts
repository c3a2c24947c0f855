import { GoldenError } from '../../errors';
import { quoteAll } from '../../plan/shell';
import { isConnectionLost, type Connection } from '../connection';
import type { Bundle, BundleEnd } from './bundle';
import { Cursor, FrameReader, type Frame } from './frames';
import type { RunnerRecord } from './records';
import type { BundleStart } from './ship';

/** A follower writes at least every second; a connection that is silent for longer is dead, whatever it says. Another one costs little. */
const SILENCE_MS = 10_000;

/** How long it may take until a bundle that starts on the way says so: its archive has to arrive, and to be extracted. */
const START_MS = 900_000;

/** Output that the machine may keep in memory before it is told that it was received. */
const ACKNOWLEDGE_BYTES = 8 << 20;

/** Followers in a row that end without a new byte, before it is given up. */
const FRUITLESS_TRIES = 20;

const PAUSE_MS = 500;

/** What a follower hands its findings to. While a promise of these is pending, nothing further is read from the machine. */
export interface FollowHandlers {
  record(record: RunnerRecord): void | Promise<void>;
  output(index: number, stream: 'stdout' | 'stderr', data: Buffer): void | Promise<void>;
  /** Brings the machine back within reach after the connection was lost. */
  recover(): Promise<void>;
}

/** A bundle that is not started yet. */
export interface Unstarted {
  readonly start: BundleStart;
  /** Starts it by itself, where it did not start on the way: it says what is in the way of it. */
  readonly startAlone: () => Promise<void>;
}

/**
 * Follows a bundle to its end, over as many connections as it takes, byte for byte.
 * @param unstarted starts it with the same command, so that nobody waits for the answer to one before the other
 */
export async function followBundle(connection: Connection, bundle: Bundle, handlers: FollowHandlers, unstarted?: Unstarted): Promise<BundleEnd> {
  const follower = new Follower(connection, bundle, handlers);
  if (unstarted) {
    const end = await follower.follow(unstarted.start).catch(async (error) => {
      if (!isConnectionLost(error)) { throw error; }
      await handlers.recover();
    });
    if (end) { return end; }
    if (follower.received === 0) { await unstarted.startAlone(); }
  }
  let fruitless = 0;
  for (;;) {
    const before = follower.received;
    try {
      const end = await follower.follow();
      if (end) { return end; }
    } catch (error) {
      if (!isConnectionLost(error)) { throw error; }
      await handlers.recover();
    }
    fruitless = follower.received === before ? fruitless + 1 : 0;
    if (fruitless === FRUITLESS_TRIES) {
      throw new GoldenError('connection-lost', 'The connection to the machine breaks whenever the build is followed', {
        hint: 'Look at the network between here and the machine, and at its memory.',
      });
    }
    if (fruitless > 0) { await connection.options.clock.sleep(PAUSE_MS, connection.options.signal); }
  }
}

class Follower {
  /** Bytes that were received in all. */
  received = 0;
  private readonly cursor = new Cursor();
  private failure: { readonly index: number; readonly exitCode: number; readonly timedOut: boolean } | undefined;
  private end: BundleEnd | undefined;
  private acknowledged = 0;
  private acknowledging = false;

  constructor(private readonly connection: Connection, private readonly bundle: Bundle, private readonly handlers: FollowHandlers) {}

  /** Follows over one connection, and starts the bundle there before. Undefined: it ended too early. */
  async follow(start?: BundleStart): Promise<BundleEnd | undefined> {
    const { signal } = this.connection.options;
    const reader = new FrameReader(this.cursor);
    const silence = new Silence(start ? START_MS : SILENCE_MS);
    const follow = quoteAll(['sh', `${this.bundle.payload}/follower.sh`, this.bundle.state, ...this.cursor.words()]);
    // The first that a follower writes comes from a runner that stands by itself: whatever ends the follower from there on spares it.
    const command = start ? `(\n${start.command}\n)\nstarted=$?\n[ $started = 0 ] || exit $started\nexec ${follow}` : follow;
    try {
      const exitCode = await this.connection.communicator.stream(command, async (data) => {
        silence.pause();
        this.received += data.length;
        for (const frame of reader.read(data)) { await this.take(frame); }
        silence.resume();
      }, { stdin: start?.stdin, signal: AbortSignal.any([signal, silence.signal]) });
      const hasStarted = !start || this.received > 0;
      return this.end ?? (exitCode === 3 && hasStarted ? { type: 'restarted' } : undefined);
    } catch (error) {
      if (silence.signal.aborted && !signal.aborted) {
        throw new GoldenError('connection-lost', `The machine was silent for ${silence.limitMs / 1000} s`, { cause: error });
      }
      throw error;
    } finally {
      silence.pause();
    }
  }

  private async take(frame: Frame): Promise<void> {
    switch (frame.type) {
      case 'gone':
        this.end = { type: 'gone' };
        return;
      case 'output':
        await this.handlers.output(frame.index, frame.stream, frame.data);
        if (this.cursor.stdout + this.cursor.stderr - this.acknowledged >= ACKNOWLEDGE_BYTES) {
          this.acknowledge(`${frame.index} ${this.cursor.stdout} ${this.cursor.stderr}`, this.cursor.stdout + this.cursor.stderr);
        }
        return;
      case 'record':
        this.settle(frame.record);
        await this.handlers.record(frame.record);
    }
  }

  private settle(record: RunnerRecord): void {
    if (record.type === 'start' && record.attempt === 1) { this.acknowledged = 0; }
    if (record.type === 'end') {
      if (record.how !== 'ok') { this.failure = { index: record.index, exitCode: record.exitCode, timedOut: record.how === 'timeout' }; }
      if (this.cursor.stdout + this.cursor.stderr >= ACKNOWLEDGE_BYTES) { this.acknowledge(`${record.index + 1} 0 0`, 0); }
    }
    if (record.type === 'finish') {
      this.end = this.failure ? { type: 'failed', ...this.failure } : record.how === 'ok' ? { type: 'ok' } : { type: 'gone' };
    }
  }

  /** Tells the machine what it may forget. One message at a time is enough: the next says it all. */
  private acknowledge(words: string, bytes: number): void {
    if (this.acknowledging && bytes > 0) { return; }
    this.acknowledging = true;
    this.acknowledged = bytes;
    this.connection.communicator.execute(`echo ${words} > ${this.bundle.state}/ack`, { signal: this.connection.options.signal })
      // Not a failure of its own: whoever follows meets the same broken connection, and acknowledges again.
      .catch(() => undefined)
      .finally(() => { this.acknowledging = false; })
      .catch(() => undefined);
  }
}

/** Aborts its signal when nothing was heard for a while; our own work in between does not count. */
class Silence {
  readonly signal: AbortSignal;
  private readonly controller = new AbortController();
  private timer: NodeJS.Timeout | undefined;

  /** @param limitMs until something was heard */
  constructor(public limitMs: number) {
    this.signal = this.controller.signal;
    this.resume();
  }

  pause(): void {
    clearTimeout(this.timer);
    this.limitMs = SILENCE_MS;
  }

  resume(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.controller.abort(), this.limitMs);
  }
}
