import type { Entrance } from './attachment';

/** The person who watches a build, where there is one. */
export interface Operator {
  /** Asked when something failed. Absent: nobody is to be asked. Rejects where the signal ends the wait. */
  readonly onFailure?: (failure: FailedWork, entrance: Entrance, signal: AbortSignal) => Promise<FailureDecision>;
  /** Asked before each instruction that is to run. Absent: nobody is to be asked. */
  readonly beforeInstruction?: (next: NextInstruction, entrance: Entrance, signal: AbortSignal) => Promise<'go-on' | 'quit'>;
}

/** `retry` does it again on the machine as it is, `skip` goes on after it; `cleanup` and `abort` end the build, which then leaves its machine or does not. */
export type FailureDecision = 'retry' | 'skip' | 'cleanup' | 'abort';

export interface FailedWork {
  /** Construct path. */
  readonly path?: string;
  readonly message: string;
  /** What can be decided. */
  readonly choices: readonly FailureDecision[];
}

export interface NextInstruction {
  /** From 0. */
  readonly index: number;
  /** How many there are. */
  readonly count: number;
  /** Construct path. */
  readonly path: string;
  /** For people: `run`, `put /etc/motd`. */
  readonly what: string;
}
