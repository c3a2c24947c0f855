import type { Fault } from '../errors';

/** A fault of a plan, and the JSON pointer of the value that it is about. */
export interface PlanFault extends Fault {
  readonly pointer: string;
}

/** A person reads no more of them than this. */
export const MAX_FAULTS = 100;
