/** Where in a text file something is. Lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

/** One thing that is wrong with what a user gave us. */
export interface Fault {
  /** Stable, kebab-case; tests and programs match on it, never on the message. */
  readonly code: string;
  /** What is wrong, as one sentence without a trailing newline. */
  readonly message: string;
  /** What to do about it. */
  readonly hint?: string;
  /** Path of the construct it belongs to. */
  readonly path?: string;
  readonly position?: Position;
}

/** A fault as a person reads it: where, what, and what to do. */
export function formatFault(fault: Fault): string {
  const { position } = fault;
  const line = position && [position.file, position.line, position.column].filter((part) => part !== undefined).join(':');
  const where = [line, fault.path].filter((part) => part).map((part) => `${part}: `).join('');
  return `${where}${fault.message}${fault.hint ? `\n    ${fault.hint}` : ''}`;
}

/**
 * What to do about the clock of this computer, where something is of another time: a hint without its full stop.
 * @param beside said of the clock
 */
export function clockHint(beside = ''): string {
  return `The clock of this computer${beside} says ${new Date().toISOString()}: where that is wrong, set it (timedatectl set-ntp true)`;
}

/** Marks our errors across copies of this module (two versions of a package in one process). */
const GOLDEN_ERROR = Symbol.for('cdk-golden-image.GoldenError');

/** How a command of ours ends when this error ends it. See `lib/cli/exit-codes.ts`. */
export type FailureKind =
  | 'usage' // the call itself is wrong
  | 'invalid' // the definition or the plan is wrong
  | 'environment' // this machine, account or network cannot do it
  | 'instruction' // a provisioner failed
  | 'check' // a check failed
  | 'interrupted' // a signal
  | 'internal'; // a bug of ours

export interface GoldenErrorOptions extends Omit<Fault, 'code' | 'message'> {
  readonly kind?: FailureKind;
  readonly cause?: unknown;
}

/** The one base of our errors. People read `message` and `hint`; programs read `code` and `kind`. */
export class GoldenError extends Error implements Fault {
  static is(x: unknown): x is GoldenError {
    return typeof x === 'object' && x !== null && GOLDEN_ERROR in x;
  }

  readonly code: string;
  readonly kind: FailureKind;
  readonly hint?: string;
  readonly path?: string;
  readonly position?: Position;
  readonly cause?: unknown;

  constructor(code: string, message: string, options: GoldenErrorOptions = {}) {
    super(message);
    this.name = 'GoldenError';
    this.code = code;
    this.kind = options.kind ?? 'environment';
    this.hint = options.hint;
    this.path = options.path;
    this.position = options.position;
    this.cause = options.cause;
    Object.defineProperty(this, GOLDEN_ERROR, { value: true });
  }
}

/** All faults of one plan together. */
export class InvalidPlanError extends GoldenError {
  readonly faults: readonly Fault[];

  constructor(subject: string, faults: readonly Fault[]) {
    const count = faults.length === 1 ? '1 fault' : `${faults.length} faults`;
    super('invalid-plan', `${subject} has ${count}:\n${faults.map((fault) => `  ${formatFault(fault)}`).join('\n')}`, { kind: 'invalid' });
    this.name = 'InvalidPlanError';
    this.faults = faults;
  }
}
