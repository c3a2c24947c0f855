import { checkHandler } from './check';
import type { EngineHandler } from './engine-handler';
import { getHandler } from './get';
import { localHandler } from './local';
import type { MachineHandler } from './machine-handler';
import { pauseHandler } from './pause';
import { putHandler } from './put';
import { rebootHandler } from './reboot';
import { runHandler } from './run';
import type { Instruction, InstructionType } from '../../plan/instructions';

type Handler<T extends Instruction> = MachineHandler<T> | EngineHandler<T>;

/** One handler for each type of instruction: a missing one does not compile. */
const HANDLERS: { readonly [T in InstructionType]: Handler<Extract<Instruction, { readonly type: T }>> } = {
  run: runHandler,
  put: putHandler,
  get: getHandler,
  reboot: rebootHandler,
  check: checkHandler,
  local: localHandler,
  pause: pauseHandler,
};

/** The handler of an instruction. */
export function handlerOf<T extends Instruction>(instruction: T): Handler<T> {
  // The table pairs each type with its own handler; the compiler cannot follow that through the lookup.
  return HANDLERS[instruction.type] as unknown as Handler<T>;
}
