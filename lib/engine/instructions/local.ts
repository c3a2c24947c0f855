import { dirname } from 'path';
import type { EngineHandler } from './engine-handler';
import type { LocalInstruction } from '../../plan/instructions';

/** Runs a command where the engine runs, in the folder of the plan. */
export const localHandler: EngineHandler<LocalInstruction> = {
  place: 'engine',
  async execute({ command, environment, timeoutSeconds }, { context, log }) {
    const { exitCode } = await context.request.local.run(command, {
      workingDirectory: dirname(context.request.planFile),
      environment,
      timeoutMs: timeoutSeconds * 1000,
      signal: context.signal,
      onOutput: (stream, data) => log.write(stream, data),
    });
    return exitCode;
  },
};
