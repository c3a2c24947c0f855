import type { BuildContext } from './build-context';
import { connectTo, startWatched, type Watch } from './build-machine';
import { holdChecks, type CheckSummary } from './checks';
import { awaitCloudInit } from './cloud-init';
import type { Inputs } from './inputs';
import { manifestOf } from './manifest';
import type { Captured } from './recovery';
import type { Artifact, DraftArtifact } from '../ports/host';

/** How long services may take to come up after a boot under emulation. */
const BOOT_PATIENCE_MS = 90_000;

const BOOTED_SECONDS = 300;

export interface DeliveryWatch extends Watch {
  /** Throws `lock-lost` where another build has the key by now. */
  readonly assertOwner: () => Promise<void>;
}

/** Proves a draft where that is asked for, takes it to where it is wanted, and publishes it. */
export async function deliver(
  { draft, provisioned }: Captured, { keys, source }: Inputs, context: BuildContext, watch: DeliveryWatch,
): Promise<Artifact> {
  const { plan, host, bootTest } = context.request;
  const published = watch.undo.add({ what: `the unpublished artifact ${draft.id}`, undo: () => host.discard(draft) });
  const bootChecks = bootTest || provisioned.unbooted ? await context.phase('boot-test', () => testBoot(draft, context, watch)) : undefined;
  await watch.assertOwner();
  if (host.distribute) {
    await context.phase('distribute', () => context.act('distribute', { draft: draft.id }, () => host.distribute!(draft, { plan, keys }, context)));
  }
  const manifest = manifestOf({ context, buildKey: keys.build, source, draft, provisioned, bootChecks });
  await watch.assertOwner();
  const artifact = await context.phase('publish', () => context.act('publish', { draft: draft.id }, () => host.publish(draft, manifest, context)));
  published();
  return artifact;
}

/** Starts what was captured, and holds the checks against it. */
async function testBoot(draft: DraftArtifact, context: BuildContext, watch: Watch): Promise<readonly CheckSummary[]> {
  const { plan, host, communicators } = context.request;
  const factory = communicators.bootTest ?? communicators.provision;
  const start = () => host.boot(draft, { plan, requirements: factory.requirements }, context);
  const { machine, remove } = await context.act('boot', { draft: draft.id }, () => startWatched(start, context, watch));
  const { connection, close } = await connectTo(machine, factory, context, watch.undo);
  if (machine.cloudInit && plan.builder.waitForCloudInit) { await awaitCloudInit(connection); }
  // That it is degraded is for the checks to say.
  await connection.execute(`timeout ${BOOTED_SECONDS} systemctl is-system-running --wait`, { timeoutMs: (BOOTED_SECONDS + 30) * 1000 });
  const results = await holdChecks(plan.definition.checks, connection, context, { phase: 'boot-test', patienceMs: BOOT_PATIENCE_MS });
  await close();
  await remove();
  return results;
}
