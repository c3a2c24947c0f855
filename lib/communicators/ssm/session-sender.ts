import { randomUUID } from 'crypto';
import { encodeMessage } from './session-message';

/** Messages that are on their way at a time; the agent keeps ten thousand that came too early. */
const WINDOW = 512;
const CLOCK_GRAIN_MS = 10;
const SHORTEST_TIMEOUT_MS = 200;
const LONGEST_TIMEOUT_MS = 1000;
/** How many of those that are overdue are sent again at a time. */
const BURST = 64;

interface Sent {
  readonly bytes: Buffer;
  readonly first: number;
  last: number;
}

/** Numbers what is sent, keeps it until it is acknowledged, and sends it again where that takes too long. */
export class SessionSender {
  private sequence = 0;
  private readonly sent = new Map<number, Sent>();
  private roundTrip = 100;
  private variation = 0;
  private timeout = SHORTEST_TIMEOUT_MS;

  constructor(private readonly send: (bytes: Buffer) => void, private readonly now: () => number) {}

  /** Whether there is room for more. */
  get open(): boolean {
    return this.sent.size < WINDOW;
  }

  get empty(): boolean {
    return this.sent.size === 0;
  }

  data(payloadType: number, payload: Buffer): void {
    const now = this.now();
    const sequence = this.sequence++;
    const bytes = encodeMessage({ type: 'input_stream_data', sequence, flags: 0, id: randomUUID(), created: now, payloadType, payload });
    this.sent.set(sequence, { bytes, first: now, last: now });
    this.send(bytes);
  }

  acknowledged(sequence: number): void {
    const sent = this.sent.get(sequence);
    if (!sent) { return; }
    this.sent.delete(sequence);
    // Of what was sent twice nobody knows which one arrived.
    if (sent.first === sent.last) { this.learn(this.now() - sent.first); }
  }

  /** Sends again what is overdue. Returns for how long the oldest has been waiting. */
  resend(): number {
    const now = this.now();
    let oldest = now;
    let count = 0;
    for (const sent of this.sent.values()) {
      oldest = Math.min(oldest, sent.first);
      if (now - sent.last < this.timeout) { continue; }
      sent.last = now;
      this.send(sent.bytes);
      if (++count === BURST) { break; }
    }
    return now - oldest;
  }

  private learn(took: number): void {
    this.variation = 0.75 * this.variation + 0.25 * Math.abs(this.roundTrip - took);
    this.roundTrip = 0.875 * this.roundTrip + 0.125 * took;
    const timeout = this.roundTrip + Math.max(CLOCK_GRAIN_MS, 4 * this.variation);
    this.timeout = Math.min(LONGEST_TIMEOUT_MS, Math.max(SHORTEST_TIMEOUT_MS, timeout));
  }
}
