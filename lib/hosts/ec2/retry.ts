import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';

/** What an error means for another try. */
export type Verdict =
  | 'fail' // another try ends the same way
  | 'transient' // the service or the way to it was ill for a moment
  | 'throttled' // too many calls
  | 'not-yet'; // something else has to be finished first

export interface RetryOptions {
  readonly clock: Clock;
  readonly verdict: (error: unknown) => Verdict;
  /** No try begins later than this after the first. */
  readonly deadlineMs: number;
  readonly signal?: AbortSignal;
  /** Between 0 and 1. @default Math.random */
  readonly random?: () => number;
}

/** The longest first pause, and the longest of all, in milliseconds. */
const PAUSES: { readonly [verdict in Exclude<Verdict, 'fail'>]: { readonly first: number; readonly cap: number } } = {
  'transient': { first: 200, cap: 5_000 },
  'throttled': { first: 1_000, cap: 20_000 },
  'not-yet': { first: 500, cap: 4_000 },
};

/** Tries until it succeeds, fails for good, or the deadline passes; then the last error is thrown. Pauses have full jitter. */
export async function retry<T>(attempt: (count: number) => Promise<T>, options: RetryOptions): Promise<T> {
  const { clock, signal, random = Math.random } = options;
  const deadline = clock.now() + options.deadlineMs;
  for (let count = 1; ; count++) {
    throwIfAborted(signal);
    try {
      return await attempt(count);
    } catch (error) {
      throwIfAborted(signal);
      const verdict = options.verdict(error);
      if (verdict === 'fail') { throw error; }
      const { first, cap } = PAUSES[verdict];
      const pause = random() * Math.min(cap, first * 2 ** (count - 1));
      if (clock.now() + pause > deadline) { throw error; }
      await clock.sleep(pause, signal);
    }
  }
}

/** Errors: `interrupted`. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) { throw new GoldenError('interrupted', 'The call was interrupted', { kind: 'interrupted' }); }
}
