import { contextOutsideBuilds, foldersOf, openHost, openState, type HostCommandOptions } from './host-options';
import type { BuildRecord } from '../../engine/build-record';
import { GoldenError } from '../../errors';
import { openMachine, type OpenMachine } from '../app/machines';
import type { ProcessStreams } from '../console/process-streams';
import type { Surroundings } from '../surroundings';

/** Options of every command that works on a machine. */
export interface MachineOptions extends Pick<HostCommandOptions, 'state' | 'region' | 'profile' | 'output'> {
  /** False: the build that runs goes on, and its image is not published. */
  readonly publish: boolean;
}

/** Opens the machine that a build or an image stands for, lets `work` use it, and closes it. */
export async function withMachine<T>(
  name: string, options: MachineOptions, surroundings: Surroundings, work: (machine: OpenMachine) => Promise<T>,
): Promise<T> {
  const context = contextOutsideBuilds('shell', surroundings);
  const machine = await openMachine(name, {
    ...foldersOf(options, surroundings),
    state: await openState(options, surroundings),
    context,
    openHost: (build) => openHost({ ...options, ...askedOf(build), host: build?.started?.host ?? 'sandbox' }, surroundings),
  });
  try {
    return await work(machine);
  } finally {
    await machine.close();
  }
}

/** The streams of this process. Errors: `no-streams` where a program calls this that has none. */
export function streamsOf({ streams }: Surroundings): ProcessStreams {
  if (streams) { return streams; }
  throw new GoldenError('no-streams', 'There is nobody to see what the machine writes', { kind: 'internal' });
}

/** Where a build was asked to be made: the region and role of its account. */
function askedOf(build: BuildRecord | undefined): Partial<HostCommandOptions> {
  const { region, profile, roleArn, stagingBucket } = (build?.started?.asked ?? {}) as Partial<HostCommandOptions>;
  return Object.fromEntries(Object.entries({ region, profile, roleArn, stagingBucket }).filter(([, value]) => value !== undefined));
}
