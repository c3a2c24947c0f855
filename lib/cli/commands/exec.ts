import { streamsOf, withMachine, type MachineOptions } from './machine-options';
import { quoteAll } from '../../plan/shell';
import { attendCommand } from '../console/attended-command';
import type { Surroundings } from '../surroundings';

/** Runs a command as root on the machine of a build, or on one with an image. Returns its exit code. */
export async function execCommand(name: string, command: readonly string[], options: MachineOptions, surroundings: Surroundings): Promise<number> {
  const streams = streamsOf(surroundings);
  return withMachine(name, options, surroundings, async ({ entrance }) => {
    const attachment = await entrance.attach(`cd && exec ${quoteAll(command)}`, { unpublished: !options.publish });
    return attendCommand(attachment, streams, surroundings.signal);
  });
}
