import { resolve } from 'path';
import type { HostContext } from '../../ports/host';
import type { StateStore } from '../../ports/state';
import { harmlessText } from '../reporting/terminal-text';
import { stateFolder } from '../state-place';
import type { AccountOptions, HostOptions, Surroundings, WiredHost } from '../surroundings';

/** Options of every command that needs a host. */
export interface HostCommandOptions extends AccountOptions {
  readonly host: string;
  readonly output: string;
  readonly state?: string;
  readonly stagingBucket?: string;
  readonly allowHostLoopback?: boolean;
}

/** Where builds keep what they remember, and what they make. */
export function foldersOf({ output }: { readonly output: string }, { folder, environment }: Surroundings): Pick<HostOptions, 'stateFolder' | 'outputFolder'> {
  return { stateFolder: stateFolder(environment), outputFolder: resolve(folder, output) };
}

/** Makes the host that the options name. */
export function openHost(options: HostCommandOptions, surroundings: Surroundings): Promise<WiredHost> {
  const { environment, clock } = surroundings;
  const { host: kind, region, profile, roleArn, stagingBucket, allowHostLoopback = false } = options;
  return surroundings.hosts({
    kind, region, profile, roleArn, stagingBucket, allowHostLoopback, environment, clock, ...foldersOf(options, surroundings),
  });
}

/** Opens the records and locks of builds. */
export function openState(options: Pick<HostCommandOptions, 'state' | 'region' | 'profile' | 'roleArn'>, surroundings: Surroundings): Promise<StateStore> {
  const { environment, clock } = surroundings;
  const { state: location, region, profile, roleArn } = options;
  return surroundings.states({ location, region, profile, roleArn, stateFolder: stateFolder(environment), clock });
}

/** For what is asked of a host outside of a build. Its notices are for people. */
export function contextOutsideBuilds(name: string, { stderr, signal }: Surroundings): HostContext {
  return {
    buildId: name,
    report: (event) => { if (event.type === 'notice') { stderr.write(harmlessText(`${event.message}\n`)); } },
    signal,
    // Removing starts nothing that would have to be undone.
    intend: async () => { /* nothing to record */ },
    late: async () => { throw new Error('Nothing is built here'); },
  };
}
