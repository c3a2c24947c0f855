import type { FailureKind } from '../errors';

/** How `golden` ends. Part of what users program against: a code never changes its meaning. */
export const EXIT_CODES: Readonly<Record<FailureKind | 'success', number>> = {
  success: 0,
  /** A fault of golden itself. */
  internal: 1,
  /** The command line is wrong. */
  usage: 2,
  /** The app or a plan is wrong. */
  invalid: 3,
  /** This machine, network or account cannot do it. */
  environment: 4,
  /** A provisioner failed. */
  instruction: 5,
  /** A check failed. */
  check: 6,
  /** A signal, as shells have it for SIGINT. */
  interrupted: 130,
};

/** Which of several failures decides how the command ends: what stopped everything first, then what is nearer to its cause. */
const PRECEDENCE: readonly FailureKind[] = ['interrupted', 'internal', 'usage', 'environment', 'invalid', 'instruction', 'check'];

/** The exit code of a command in which these failures happened. */
export function exitCodeOf(failures: readonly FailureKind[]): number {
  return EXIT_CODES[PRECEDENCE.find((kind) => failures.includes(kind)) ?? 'success'];
}

/** For `golden --help`. */
export const EXIT_CODES_HELP = `Exit codes:
  ${EXIT_CODES.success}    success
  ${EXIT_CODES.internal}    a fault of golden itself; the message names a file with details
  ${EXIT_CODES.usage}    the command line is wrong
  ${EXIT_CODES.invalid}    the app or a plan is wrong
  ${EXIT_CODES.environment}    this machine, its network or an account cannot do it
  ${EXIT_CODES.instruction}    a provisioner failed
  ${EXIT_CODES.check}    a check failed
  ${EXIT_CODES.interrupted}  interrupted`;
