import type { RebootInstruction } from '../../plan/instructions';
import { restart } from '../restart';
import type { EngineHandler } from './engine-handler';

/** Restarts the machine, and waits until it takes commands again. */
export const rebootHandler: EngineHandler<RebootInstruction> = {
  place: 'engine',
  async execute({ timeoutSeconds }, { context, connection }) {
    await restart(connection, context.folders, timeoutSeconds * 1000);
    return 0;
  },
};
