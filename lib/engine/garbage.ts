import { GoldenError } from '../errors';
import { readBuildRecord, unfinishedBuilds, type BuildRecord } from './build-record';
import { removeRemains } from './recovery';
import type { Clock } from '../ports/clock';
import type { Host, HostContext } from '../ports/host';
import type { StateStore } from '../ports/state';

export interface DeadBuildsOptions {
  readonly state: StateStore;
  readonly host: Host;
  readonly context: HostContext;
  readonly clock: Clock;
  /** Told of each build whose records are damaged; they stay. @default it is an error */
  readonly onDamaged?: (error: GoldenError) => void;
}

/**
 * Removes what builds of this host left that were killed, or that left their machine to be looked at; then their records. Of each
 * key one at a time, under its lock, so that no build goes on from what is being removed. Returns one line for each thing.
 */
export async function removeDeadBuilds(options: DeadBuildsOptions): Promise<string[]> {
  const removed: string[] = [];
  for (const build of await unfinishedBuilds(options.state, options.onDamaged)) {
    try {
      removed.push(...await removeDeadBuild(build, options));
    } catch (error) {
      // Whether it runs cannot be told, which is no reason to leave the others.
      if (!GoldenError.is(error) || error.code !== 'unreadable-lock' || !options.onDamaged) { throw error; }
      options.onDamaged(error);
    }
  }
  return removed;
}

async function removeDeadBuild({ buildId, started }: BuildRecord, { state, host, context, clock }: DeadBuildsOptions): Promise<string[]> {
  if (!started || started.host !== host.kind || await state.lockOwner(started.buildKey)) { return []; }
  const { lock } = await state.acquireLock(started.buildKey, {
    buildId: context.buildId, image: started.image, clock, signal: context.signal, onWait: () => { /* it is waited for */ },
  });
  try {
    const build = await readBuildRecord(state, buildId);
    // A build that went on from it has removed its record meanwhile.
    if (!build.started) { return []; }
    const removed = await removeRemains(host, build, context);
    await state.removeJournal(buildId);
    return [...removed, `record of the build ${buildId} of ${started.image}, which was killed`];
  } finally {
    await lock.release();
  }
}
