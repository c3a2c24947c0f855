import type { CheckInstruction } from '../../plan/instructions';
import { holdChecks } from '../checks';
import type { EngineHandler } from './engine-handler';

const PATIENCE_MS = 5_000;

/** Holds checks against the machine in the middle of the build. */
export const checkHandler: EngineHandler<CheckInstruction> = {
  place: 'engine',
  async execute({ checks }, { context, connection, keep }) {
    keep(await holdChecks(checks, connection, context, { phase: 'provision', patienceMs: PATIENCE_MS }));
    return 0;
  },
};
