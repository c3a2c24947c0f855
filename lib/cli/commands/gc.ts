import { contextOutsideBuilds, openHost, openState, type HostCommandOptions } from './host-options';
import { removeDeadSockets } from '../../engine/control/control-socket';
import { removeDeadBuilds } from '../../engine/garbage';
import { removeAbandonedLocks } from '../../engine/lock-file';
import { removeDeadDrafts } from '../../engine/state-draft';
import type { GoldenError } from '../../errors';
import { removeOldRecords } from '../app/build-records';
import { reportLeftOut } from '../failure';
import { count } from '../reporting/figures';
import { harmlessText } from '../reporting/terminal-text';
import { stateFolder } from '../state-place';
import type { Surroundings } from '../surroundings';

export interface GcOptions extends Omit<HostCommandOptions, 'region'> {
  readonly region?: readonly string[];
}

/** Removes what builds that are gone left behind, and old records. Nothing of a running build, and no finished artifact. */
export async function gcCommand({ region: regions = [], ...options }: GcOptions, surroundings: Surroundings): Promise<number> {
  const { clock, stdout, environment } = surroundings;
  const context = contextOutsideBuilds('gc', surroundings);
  const [region] = regions;
  const state = await openState({ ...options, region }, surroundings);
  const { host } = await openHost({ ...options, region }, surroundings);
  const damaged: GoldenError[] = [];
  // What one look tells to be abandoned first, then from what builds recorded, then from what there is.
  const removed = [
    ...await removeAbandonedLocks(stateFolder(environment), clock),
    ...await removeDeadBuilds({ state, host, context, clock, onDamaged: (error) => damaged.push(error) }),
    ...await host.collectGarbage(context, { regions }),
  ];
  removed.push(...await removeDeadSockets(stateFolder(environment)));
  removed.push(...await removeDeadDrafts(stateFolder(environment), clock.now()));
  removed.push(...removeOldRecords(stateFolder(environment), clock.now()));
  stdout.write([...removed.map((line) => harmlessText(`removed ${line}`)), removed.length === 0 ? 'Nothing to remove.' : `Removed ${count(removed.length, 'thing')}.`].join('\n') + '\n');
  return reportLeftOut(damaged, surroundings);
}
