import type { Check, Expectation } from '../plan/checks';

/** What came of one attribute of a check. A failed check is a result, never an exception. */
export interface CheckResult {
  readonly check: Check;
  readonly attribute: string;
  /** `skipped`: the gate of the check did not hold, so nothing was looked at. */
  readonly outcome: 'passed' | 'failed' | 'skipped';
  readonly expected: Expectation;
  /** What the machine has; absent where it was skipped or could not be read. */
  readonly actual?: unknown;
  /** One line for people: `expected to equal "0644", found "0755"`. */
  readonly message: string;
}
