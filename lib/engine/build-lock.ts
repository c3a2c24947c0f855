import { GoldenError } from '../errors';
import type { BuildContext } from './build-context';
import type { Lock, LockOwner } from '../ports/state';

/**
 * Waits until nobody else builds this key, and says whom it waits for.
 * @param abort ends what the lock was taken for, where it is lost
 */
export async function acquireBuildLock(
  key: string, context: BuildContext, abort: (reason: GoldenError) => void,
): Promise<{ readonly lock: Lock; readonly waited: boolean }> {
  const { request, buildId, signal, report } = context;
  const taken = await context.phase('lock', () => request.state.acquireLock(key, {
    buildId,
    image: request.plan.image,
    clock: request.clock,
    signal,
    onWait: (owner, { silent }) => report(silent
      ? { type: 'notice', level: 'warning', message: silenceMessage(owner) } : { type: 'notice', level: 'info', message: waitMessage(owner) }),
  }));
  void taken.lock.lost.then((owner) => abort(lockLost(context, owner)));
  return taken;
}

/** Nobody else is to publish what the owner of a lock publishes. */
export async function assertOwner(lock: Lock, context: BuildContext): Promise<void> {
  // Where it was lost, the build ends with who has it; that comes first.
  if (!await lock.confirm()) { throw lockLost(context, await lock.lost); }
}

function waitMessage({ image, buildId, pid, host }: LockOwner): string {
  return `Waiting for the build ${buildId} of ${image}, process ${pid} on ${host}, which builds the same`;
}

function silenceMessage({ buildId, pid, host }: LockOwner): string {
  return `The build ${buildId}, process ${pid} on ${host}, has shown no sign of life for a while, and is waited for as long as its process is there;`
    + ` where that was stopped, let it go on (kill -CONT ${pid}), or end it (kill -KILL ${pid}): then this build takes over`;
}

/** Whoever was silent for too long is not to finish what another one does by now. */
function lockLost({ request: { plan } }: BuildContext, owner: LockOwner | undefined): GoldenError {
  const who = owner ? `The build ${owner.buildId}, process ${owner.pid} on ${owner.host}, has taken over` : 'The lock of this build is gone';
  return new GoldenError('lock-lost', `${who}, since this one showed no sign of life for too long`, {
    path: plan.image, hint: 'This computer slept, or the process was stopped. Wait for the other build, or build again: its image is taken then.',
  });
}
