import { streamsOf, withMachine, type MachineOptions } from './machine-options';
import { GoldenError } from '../../errors';
import { attendShell, isInteractive } from '../console/attended-command';
import type { Surroundings } from '../surroundings';

/** Opens a root shell on the machine of a build, or on one with an image. Returns the exit code of the shell. */
export async function shellCommand(name: string, options: MachineOptions, surroundings: Surroundings): Promise<number> {
  const streams = streamsOf(surroundings);
  if (!isInteractive(streams)) {
    throw new GoldenError('no-terminal', 'A shell needs a terminal, and this is none', { kind: 'usage', hint: `golden exec ${name} -- COMMAND runs one command.` });
  }
  return withMachine(name, options, surroundings, async ({ entrance, description }) => {
    surroundings.stderr.write(`On ${description}\n`);
    return attendShell(entrance, streams, surroundings.environment, { unpublished: !options.publish, signal: surroundings.signal });
  });
}
