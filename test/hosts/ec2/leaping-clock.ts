import { GoldenError } from '../../../lib/errors';
import type { Clock } from '../../../lib/ports/clock';

/** A clock on which every pause is over at once. */
export class LeapingClock implements Clock {
  readonly pauses: number[] = [];
  private time = Date.parse('2026-01-01T00:00:00Z');

  now(): number { return this.time; }

  async sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
    // Whoever waits for something outside gets a turn.
    await new Promise((resolve) => setImmediate(resolve));
    if (signal?.aborted) { throw new GoldenError('interrupted', 'The pause was interrupted', { kind: 'interrupted' }); }
    this.pauses.push(milliseconds);
    this.time += milliseconds;
  }
}
