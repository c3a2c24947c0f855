import { GoldenError } from '../errors';
import type { BuildRequest } from './build-request';
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

export interface Failure {
  readonly exitCode: number;
  readonly timedOut: boolean;
  /** The last lines that it wrote. */
  readonly lastLines: readonly string[];
}

/** The error of an instruction that failed: which one, how, and what it said last. */
export function instructionFailed(
  { plan, onError, operator, host, stateFolder }: BuildRequest, index: number, instruction: Instruction, { exitCode, timedOut, lastLines }: Failure,
): GoldenError {
  const how = timedOut && 'timeoutSeconds' in instruction ? `took longer than ${instruction.timeoutSeconds} s` : `ended with exit code ${exitCode}`;
  const words = lastLines.map((line) => `\n  ${line}`).join('');
  const fullDisk = lastLines.some((line) => line.includes('No space left on device'));
  return new GoldenError('instruction-failed', `Instruction ${index + 1} of ${plan.definition.instructions.length} (${instruction.type}) ${how}${words && `:${words}`}`, {
    kind: 'instruction',
    path: `${plan.image}/${instruction.origin}`,
    hint: fullDisk && host.kind === 'sandbox' ? `The disk of the machine is that of ${stateFolder}: free some space there, or set GOLDEN_HOME to a folder on a larger disk.`
      : fullDisk ? 'The disk of the machine is full: give the image a larger root volume.'
        : onError === 'abort' || operator?.onFailure ? undefined : 'To look at the machine, build with --on-error ask, or abort.',
  });
}
