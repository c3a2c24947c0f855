import { readBuildRecord, unfinishedBuilds } from './build-record';
import { removeRemains } from './recovery';
import type { Clock } from '../ports/clock';
import type { Host, HostContext } from '../ports/host';
import type { StateStore } from '../ports/state';

export interface DeadBuildsOptions {
  readonly state: StateStore;
  readonly host: Host;
  readonly context: HostContext;
  readonly clock: Clock;
}

/**
 * Removes what builds of this host left that were killed, or that left their machine to be looked at; then their records. Of each
 * key one at a time, under its lock, so that no build goes on from what is being removed. Returns one line for each thing.
 */
export async function removeDeadBuilds({ state, host, context, clock }: DeadBuildsOptions): Promise<string[]> {
  const removed: string[] = [];
  for (const { buildId, started } of await unfinishedBuilds(state)) {
    if (!started || started.host !== host.kind || await state.lockOwner(started.buildKey)) { continue; }
    const { lock } = await state.acquireLock(started.buildKey, {
      buildId: context.buildId, image: started.image, clock, signal: context.signal, onWait: () => { /* it is waited for */ },
    });
    try {
      const build = await readBuildRecord(state, buildId);
      // A build that went on from it has removed its record meanwhile.
      if (!build.started) { continue; }
      removed.push(...await removeRemains(host, build, context));
      await state.removeJournal(buildId);
      removed.push(`record of the build ${buildId} of ${started.image}, which was killed`);
    } finally {
      await lock.release();
    }
  }
  return removed;
}
