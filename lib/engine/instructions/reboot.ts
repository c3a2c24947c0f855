import { GoldenError } from '../../errors';
import type { RebootInstruction } from '../../plan/instructions';
import { isConnectionLost } from '../connection';
import { awaitRestart, markBeforeRestart } from '../restart';
import type { EngineHandler } from './engine-handler';

/** Restarts the machine, and waits until it takes commands again. */
export const rebootHandler: EngineHandler<RebootInstruction> = {
  place: 'engine',
  async execute({ timeoutSeconds, origin }, { context, connection }) {
    const mark = await markBeforeRestart(connection, `${context.folders.state}.reboot`);
    try {
      const { exitCode, stderr } = await connection.communicator.execute('systemctl reboot 2>/dev/null || reboot', { signal: context.signal });
      if (exitCode !== 0) {
        throw new GoldenError('reboot-failed', `The machine could not be restarted: ${stderr.toString().trim()}`, {
          path: `${context.request.plan.image}/${origin}`, hint: 'The source has to be a system that boots.',
        });
      }
    } catch (error) {
      // It may go down before it has answered.
      if (!isConnectionLost(error)) { throw error; }
    }
    await awaitRestart(connection, mark, timeoutSeconds * 1000);
    return 0;
  },
};
