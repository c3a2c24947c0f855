import { GoldenError } from '../errors';
import type { BuildRequest } from './build-request';
import { failureHint, type FailedRun } from './failure-hint';
import type { Instruction, InstructionType } from '../plan/instructions';

/** How one instruction ended: a line of the manifest. */
export interface InstructionResult {
  readonly index: number;
  readonly type: InstructionType;
  readonly origin: string;
  /** It was in the layer that the build started from; the other figures are of no meaning then. */
  readonly cached: boolean;
  readonly exitCode: number;
  readonly seconds: number;
  readonly attempts: number;
}

/** Lines of output that a message shows. */
export const SHOWN_LINES = 10;

export interface Failure extends FailedRun {
  readonly timedOut: boolean;
}

/** How the machine of a failure is looked at, where whoever builds does not do so already. */
export function howToLook({ onError, operator }: BuildRequest): string | undefined {
  return onError === 'abort' || operator?.onFailure ? undefined : 'To look at the machine, build with --on-error ask, or abort.';
}

/** The error of an instruction that failed: which one, how, and what it said last. */
export function instructionFailed(
  request: BuildRequest, index: number, instruction: Instruction, { exitCode, timedOut, lastLines }: Failure,
): GoldenError {
  const { plan } = request;
  const how = timedOut && 'timeoutSeconds' in instruction ? `took longer than ${instruction.timeoutSeconds} s` : `ended with exit code ${exitCode}`;
  const words = lastLines.map((line) => `\n  ${line}`).join('');
  return new GoldenError('instruction-failed', `Instruction ${index + 1} of ${plan.definition.instructions.length} (${instruction.type}) ${how}${words && `:${words}`}`, {
    kind: 'instruction',
    path: `${plan.image}/${instruction.origin}`,
    hint: failureHint(request, instruction, { exitCode, lastLines }) ?? howToLook(request),
  });
}
