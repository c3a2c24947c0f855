import type { Instruction } from '../../plan/instructions';
import type { BuildContext } from '../build-context';
import type { CheckSummary } from '../checks';
import type { Connection } from '../connection';
import type { InstructionLog } from '../instruction-log';

/** Executes one type of instruction from here, between two bundles. */
export interface EngineHandler<T extends Instruction> {
  readonly place: 'engine';
  /** Resolves with the exit code; 0 is success. */
  execute(instruction: T, scope: EngineScope): Promise<number>;
}

export interface EngineScope {
  readonly index: number;
  readonly context: BuildContext;
  readonly connection: Connection;
  readonly log: InstructionLog;
  /** Keeps results of checks for the manifest. */
  readonly keep: (results: readonly CheckSummary[]) => void;
}
