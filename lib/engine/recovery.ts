import type { GoldenError } from '../errors';
import type { BuildContext } from './build-context';
import { unfinishedBuilds, type BuildRecord, type Provisioned } from './build-record';
import type { BuildKeys } from '../plan/keys';
import type { DraftArtifact, Host, HostContext } from '../ports/host';
import type { StateStore } from '../ports/state';

/** An image that was captured and not yet published, with what its manifest says of how it was made. */
export interface Captured {
  readonly draft: DraftArtifact;
  readonly provisioned: Provisioned;
}

/** Builds of a key that were killed. To be asked by who has the lock of the key: whoever else is unfinished has lost it. */
export async function deadBuilds(
  state: StateStore, host: Host, buildKey: string, onDamaged: (error: GoldenError) => void,
): Promise<readonly BuildRecord[]> {
  const unfinished = await unfinishedBuilds(state, onDamaged);
  return unfinished.filter(({ started, kept }) => started?.buildKey === buildKey && started.host === host.kind && !kept);
}

/**
 * Removes what dead builds of this key left, but for a draft that can be gone on from, which it returns. Their records stay
 * until the build that goes on has ended: it may be killed, too.
 */
export async function recover(context: BuildContext, keys: BuildKeys, dead: readonly BuildRecord[]): Promise<Captured | undefined> {
  const { plan, host, useCache, resumes } = context.request;
  const provisioned = dead.find((build) => build.provisioned)?.provisioned;
  const mayGoOn = provisioned && (useCache || dead.some(({ buildId }) => buildId === resumes?.buildId));
  const draft = mayGoOn ? await host.findDraft?.(plan, keys, context, dead) : undefined;
  for (const build of dead) {
    for (const line of await removeRemains(host, build, context, draft)) {
      context.report({ type: 'notice', level: 'info', message: `Removed what the build ${build.buildId} left, which was killed: ${line}` });
    }
  }
  if (!draft || !provisioned) { return undefined; }
  context.report({ type: 'notice', level: 'info', message: `Going on from ${draft.id}, which a build captured that was killed` });
  return { draft, provisioned };
}

/** Removes what a dead build left. Returns one line for each thing. */
export function removeRemains(host: Host, { buildId, intents }: BuildRecord, context: HostContext, keep?: DraftArtifact): Promise<readonly string[]> {
  return host.removeBuild({ buildId, intents }, context, keep);
}
