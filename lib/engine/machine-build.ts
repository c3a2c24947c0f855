import type { BuildContext } from './build-context';
import type { Watch } from './build-machine';
import { PROVISIONED, type Provisioned } from './build-record';
import { holdChecks } from './checks';
import { cleanMachine } from './clean';
import type { Inputs } from './inputs';
import { LayerPolicy } from './layer-policy';
import { launchMachine } from './machine-launch';
import { Provisioning } from './provisioning';
import type { Captured } from './recovery';
import { reusableLayers } from './reusable-layers';

const STOP_MS = 120_000;

/** How long services may take to come up after the last instruction. */
const PATIENCE_MS = 5_000;

export interface MachineBuildOptions extends Watch {
  readonly inputs: Inputs;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Keys of the layers of the last build of this image, to tell what changed. */
  readonly previousLayers: readonly string[] | undefined;
}

/** What comes of a machine, and its removal, which goes on in the background. */
export interface Built extends Captured {
  readonly removed: () => Promise<void>;
}

/** Builds an image on a machine: from its launch to what is captured of it. */
export async function buildOnMachine(context: BuildContext, options: MachineBuildOptions): Promise<Built> {
  const { request, journal } = context;
  const { plan, host, communicators } = request;
  const { inputs } = options;
  const { keys } = inputs;
  const { requirements } = communicators.provision;

  const layer = request.useCache ? await host.findLayer(reusableLayers(plan, keys, request.outputFolder)) : 0;
  context.report({ type: 'build.keyed', buildKey: keys.build, cached: layer });

  const { connection, remove, release, endRenewal, leave, close } = await launchMachine(context, { ...options, layer });
  const { machine } = connection;

  const policy = new LayerPolicy(plan, keys, options.previousLayers, () => host.checkpointSeconds);
  const provisioning = new Provisioning(context, connection, inputs, policy);
  await context.phase('provision', () => provisioning.run(layer));
  const final = await context.phase('check', () => holdChecks(plan.definition.checks, connection, context, { phase: 'check', patienceMs: PATIENCE_MS }));
  const cleaned = await context.phase('clean', async () => {
    await endRenewal();
    return cleanMachine(connection, context.folders, requirements.authorizedKey);
  });
  await context.phase('stop', async () => {
    await leave();
    await close();
    await machine.stop(STOP_MS);
  });

  const provisioned: Provisioned = {
    machine: machine.description,
    communicator: communicators.provision.kind,
    startedAt: new Date(options.startedAt).toISOString(),
    phases: [...context.phases],
    instructions: provisioning.results,
    checks: { provision: provisioning.checks, final },
    cleaned,
  };
  // Before the capture: a build that finds the draft and not this could only throw it away.
  await journal.append({ type: 'done', act: PROVISIONED, detail: { ...provisioned } });
  const draft = await context.phase('capture', () => context.act('capture', { buildKey: keys.build }, () => host.capture(machine, { plan, keys }, context)));
  release();
  return { draft, provisioned, removed: remove };
}
