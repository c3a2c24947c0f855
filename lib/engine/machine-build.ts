import { GoldenError } from '../errors';
import type { BuildContext } from './build-context';
import type { Artifact, DraftArtifact, Machine } from '../ports/host';
import { cancelCommand } from './bundle/ship';
import { holdChecks, type CheckSummary } from './checks';
import { cleanMachine } from './clean';
import { Connection } from './connection';
import type { Inputs } from './inputs';
import { LayerPolicy } from './layer-policy';
import { manifestOf } from './manifest';
import { Provisioning } from './provisioning';
import { reusableLayers } from './reusable-layers';
import type { Undo } from './undo';
import { quoteAll } from '../plan/shell';
import type { CommunicatorFactory } from '../ports/communicator';

/** How long a machine may take until it takes commands. */
const CONNECT_MS = 300_000;

const STOP_MS = 120_000;

/** How long services may take to come up after the last instruction, and after a boot under emulation. */
const PATIENCE_MS = 5_000;
const BOOT_PATIENCE_MS = 90_000;
const BOOTED_SECONDS = 300;
const CANCEL_MS = 10_000;

export interface MachineBuildOptions {
  readonly inputs: Inputs;
  /** Undoes what is left of this build where it ends early. */
  readonly undo: Undo;
  /** Ends the build, whatever it is doing. */
  readonly abort: (reason: GoldenError) => void;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Keys of the layers of the last build of this image, to tell what changed. */
  readonly previousLayers: readonly string[] | undefined;
}

/** Builds an image on a machine: from its launch to the published artifact. */
export async function buildOnMachine(context: BuildContext, options: MachineBuildOptions): Promise<Artifact> {
  const { request } = context;
  const { plan, host, communicators } = request;
  const { inputs, undo } = options;
  const { keys, source } = inputs;
  const { requirements } = communicators.provision;

  const layer = request.useCache ? await host.findLayer(reusableLayers(plan, keys, request.outputFolder)) : 0;
  context.report({ type: 'build.keyed', buildKey: keys.build, cached: layer });

  const start = () => host.launch({ plan, source, keys, layer, requirements }, context);
  const { machine, removed } = await context.phase('launch', () => context.act('launch', { layer: keys.layers[layer] }, () => watched(start, context, options)));
  const connection = await context.phase('connect', () => connect(machine, communicators.provision, context, undo), machine.description);
  // A layer was saved while such a folder of its build was there.
  await connection.demand('be prepared', 'rm -rf /var/tmp/golden-*');

  const policy = new LayerPolicy(plan, keys, options.previousLayers, () => host.checkpointSeconds);
  const provisioning = new Provisioning(context, connection, inputs, policy);
  await context.phase('provision', () => provisioning.run(layer));
  const final = await context.phase('check', () => holdChecks(plan.definition.checks, connection, context, { phase: 'check', patienceMs: PATIENCE_MS }));
  const cleaned = await context.phase('clean', () => cleanMachine(connection, context.folders, requirements.authorizedKey));
  await context.phase('stop', async () => {
    await connection.communicator.close();
    await machine.stop(STOP_MS);
  });

  const { draft, published } = await context.phase('capture', () => context.act('capture', { buildKey: keys.build }, () => capture(machine, context, options)));
  const bootTest = request.bootTest ? await context.phase('boot-test', () => testBoot(draft, context, options)) : undefined;
  const checks = { provision: provisioning.checks, final, bootTest };
  const { results: instructions } = provisioning;
  const manifest = manifestOf({ context, inputs, machine, draft, startedAt: options.startedAt, instructions, checks, cleaned });
  const artifact = await context.phase('publish', () => context.act('publish', { draft: draft.id }, () => host.publish(draft, manifest, context)));
  published();
  // The image is out. A machine that cannot be removed now is tried again, and told, when all is put away.
  await context.phase('destroy', () => removed()).catch(() => undefined);
  return artifact;
}

/** Starts a machine, registers its removal before anything else can fail, and ends the build where the machine goes by itself. */
async function watched(
  start: () => Promise<Machine>, context: BuildContext, { undo, abort }: MachineBuildOptions,
): Promise<{ readonly machine: Machine; readonly removed: () => Promise<void> }> {
  const machine = await start();
  const destroy = async () => {
    await machine.destroy();
    await context.journal.append({ type: 'undone', act: 'launch', detail: { machine: machine.id } });
  };
  const forget = undo.add({
    what: `the machine ${machine.id} (${machine.description})`,
    undo: destroy,
    keep: async () => context.report({ type: 'notice', level: 'warning', message: await wayInto(machine) }),
  });
  void machine.lost.then((reason) => abort(new GoldenError('machine-lost', `The machine has gone: ${reason}`, {
    path: context.request.plan.image, hint: 'Build again: it starts from the last layer that was saved.',
  })));
  return {
    machine,
    removed: async () => {
      await destroy();
      forget();
    },
  };
}

async function connect(machine: Machine, factory: CommunicatorFactory, context: BuildContext, undo: Undo): Promise<Connection> {
  const { request, signal, report, folders } = context;
  const communicator = factory.open(machine);
  undo.add({
    what: 'the connection',
    undo: () => communicator.close(),
    // Who wants to look at the machine wants it to stand still.
    keep: async () => {
      await communicator.execute(cancelCommand(folders), { timeoutMs: CANCEL_MS });
      await communicator.close();
    },
  });
  await communicator.connect({ timeoutMs: CONNECT_MS, signal });
  return new Connection(machine, communicator, { clock: request.clock, report, signal });
}

async function capture(
  machine: Machine, context: BuildContext, { inputs, undo }: MachineBuildOptions,
): Promise<{ readonly draft: DraftArtifact; readonly published: () => void }> {
  const { plan, host } = context.request;
  const draft = await host.capture(machine, { plan, keys: inputs.keys }, context);
  return { draft, published: undo.add({ what: `the unpublished artifact ${draft.id}`, undo: () => host.discard(draft) }) };
}

/** Starts what was captured, and holds the checks against it. */
async function testBoot(draft: DraftArtifact, context: BuildContext, options: MachineBuildOptions): Promise<readonly CheckSummary[]> {
  const { plan, host, communicators } = context.request;
  const factory = communicators.bootTest ?? communicators.provision;
  const start = () => host.boot(draft, { plan, requirements: factory.requirements }, context);
  const { machine, removed } = await context.act('boot', { draft: draft.id }, () => watched(start, context, options));
  const connection = await connect(machine, factory, context, options.undo);
  // That it is degraded is for the checks to say.
  await connection.execute(`timeout ${BOOTED_SECONDS} systemctl is-system-running --wait`, { timeoutMs: (BOOTED_SECONDS + 30) * 1000 });
  const results = await holdChecks(plan.definition.checks, connection, context, { phase: 'boot-test', patienceMs: BOOT_PATIENCE_MS });
  await connection.communicator.close();
  await removed();
  return results;
}

/** How a person gets into a machine that is left behind, as it is now: a restart changes it. */
async function wayInto(machine: Machine): Promise<string> {
  const enter = await machine.access.enter?.();
  return enter ? `Enter the machine ${machine.id} with: ${quoteAll([...enter, '/bin/sh'])}` : `The machine ${machine.id} cannot be entered from here`;
}
