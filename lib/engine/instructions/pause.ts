import type { EngineHandler } from './engine-handler';
import type { PauseInstruction } from '../../plan/instructions';

/** Waits. */
export const pauseHandler: EngineHandler<PauseInstruction> = {
  place: 'engine',
  async execute({ seconds }, { context }) {
    await context.request.clock.sleep(seconds * 1000, context.signal);
    return 0;
  },
};
