import { randomBytes } from 'crypto';
import { setMaxListeners } from 'events';
import { GoldenError } from '../errors';
import { verifyAssets } from './assets';
import { buildContext, type BuildContext } from './build-context';
import { acquireBuildLock } from './build-lock';
import type { Watch } from './build-machine';
import type { BuildRequest } from './build-request';
import { machineFolders } from './bundle/bundle';
import type { Connection } from './connection';
import { readHistory } from './history';
import { readInputs, type Inputs } from './inputs';
import { LayerPolicy } from './layer-policy';
import { launchMachine, type LaunchedMachine } from './machine-launch';
import { describeError } from './outcome';
import { Provisioning } from './provisioning';
import { Redaction } from './redact';
import { deepestLayer } from './reusable-layers';
import { Undo } from './undo';
import type { Journal } from '../ports/journal';

export interface MachineUseOptions {
  /** Run the instructions that no layer has yet, and save a layer of them all. False: the machine is as the deepest layer has it. */
  readonly provision: boolean;
}

/** A machine of an image that was started to be looked at. */
export interface UsedMachine {
  readonly context: BuildContext;
  readonly connection: Connection;
  /** How many instructions its disk has. */
  readonly layer: number;
}

/**
 * Starts a machine of an image, and hands it over. Nothing is captured of it; it is gone when `use` has ended, however that ends.
 * Throws what a build would say, without secrets. `context.signal` is set off where the machine is lost meanwhile.
 *
 * It has no journal: what a process that was killed left of it is told by whose it is, or by its lease.
 */
export async function useMachine<T>(request: BuildRequest, options: MachineUseOptions, use: (used: UsedMachine) => Promise<T>): Promise<T> {
  const buildId = randomBytes(8).toString('hex');
  const ending = new AbortController();
  const signal = AbortSignal.any([request.signal, ending.signal]);
  setMaxListeners(0, signal);
  const redaction = new Redaction();
  const undo = new Undo();
  const context = buildContext({ request, buildId, journal: noJournal(buildId), redaction, folders: machineFolders(buildId), signal });
  const watch: Watch = { undo, abort: (reason) => ending.abort(reason) };
  const { plan, host } = request;
  context.report({ type: 'build.started', host: host.kind, definitionHash: plan.definitionHash, instructions: plan.definition.instructions.length });
  try {
    const inputs = await context.phase('resolve', () => readInputs(request, context));
    redaction.hide(Object.values(inputs.secrets));
    const layer = options.provision ? await provisioned(context, inputs, watch) : await deepestLayer(context.request, inputs.keys);
    context.report({ type: 'build.keyed', buildKey: inputs.keys.build, cached: layer });
    const { connection } = await launchBooted(context, inputs, layer, watch);
    return await use({ context, connection, layer });
  } catch (error) {
    const { code, message, ...others } = describeError(ending.signal.aborted ? ending.signal.reason : error, redaction);
    throw new GoldenError(code, message, { ...others, path: others.path ?? plan.image });
  } finally {
    await undo.run('undo', (what, error) => context.report({
      type: 'notice', level: 'warning', message: redaction.text(`Could not remove ${what}: ${(error as Error).message}\nRemove it with: golden gc --host ${host.kind}`),
    }));
  }
}

/** Sees to it that there is a layer with all instructions, and returns its index. Another build of the key is waited for. */
async function provisioned(context: BuildContext, inputs: Inputs, watch: Watch): Promise<number> {
  const { plan, planFile, useCache } = context.request;
  const all = plan.definition.instructions.length;
  if (useCache && await deepestLayer(context.request, inputs.keys) === all) { return all; }
  await verifyAssets(plan, planFile);
  const { lock } = await acquireBuildLock(inputs.keys.build, context, watch.abort);
  try {
    const layer = useCache ? await deepestLayer(context.request, inputs.keys) : 0;
    if (layer < all) { await provision(context, inputs, layer, watch); }
    return all;
  } finally {
    await lock.release();
  }
}

/** Runs what is missing on a machine that is only for that: who looks at the image gets one that has just started. */
async function provision(context: BuildContext, inputs: Inputs, layer: number, watch: Watch): Promise<void> {
  const { plan, host, stateFolder } = context.request;
  const { connection, close, remove } = await launchBooted(context, inputs, layer, watch);
  const previous = await readHistory(stateFolder, plan.image);
  const policy = new LayerPolicy(plan, inputs.keys, previous?.layers, () => host.checkpointSeconds, true);
  const provisioning = new Provisioning(context, connection, inputs, policy);
  provisioning.passOver(layer);
  await context.phase('provision', () => provisioning.run(layer));
  await context.phase('destroy', async () => {
    await close();
    await remove();
  });
}

/** Who looks at a machine wants to see it run. Errors: `not-booted`. */
async function launchBooted(context: BuildContext, inputs: Inputs, layer: number, watch: Watch): Promise<LaunchedMachine> {
  const launched = await launchMachine(context, { ...watch, inputs, layer });
  if (launched.connection.machine.booted || !context.request.host.bootUp) { return launched; }
  throw new GoldenError('not-booted', 'Machines of an ordinary user are not booted, so nothing of an image can be seen to run on them', {
    hint: 'Run it as root, or build the image with golden build, which boots it under QEMU.',
  });
}

function noJournal(buildId: string): Journal {
  return { buildId, append: async () => { /* see useMachine */ }, read: async () => [], close: async () => { /* nothing is open */ } };
}
