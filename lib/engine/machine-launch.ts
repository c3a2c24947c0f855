import type { BuildContext } from './build-context';
import { connectTo, startWatched, type ConnectToOptions, type OpenConnection, type Watch, type WatchedMachine } from './build-machine';
import { awaitCloudInit, CLOUD_INIT_IS_DONE } from './cloud-init';
import type { Inputs } from './inputs';
import type { CommunicatorFactory } from '../ports/communicator';

/** A layer was saved while such a folder of its build was there. */
const FORGET = 'rm -rf /var/tmp/golden-*';

/** What a machine says of itself when it is connected to, so that it need not be asked again. */
const PREPARED = 'prepared';
const READY = 'ready';

export interface MachineLaunchOptions extends Watch {
  readonly inputs: Inputs;
  /** Index of the layer that it starts from; 0: the source itself. */
  readonly layer: number;
  /** Called when it was asked for, or at the latest when it is there. */
  readonly onAsked?: () => void;
  /** What it gets first, where that is known. */
  readonly input?: ConnectToOptions['input'];
}

export interface LaunchedMachine extends Omit<WatchedMachine, 'machine'>, Omit<OpenConnection, 'answer'> {}

/** Starts a machine from a layer, and returns when it takes instructions. */
export async function launchMachine(
  context: BuildContext, { inputs, layer, onAsked, input, ...watch }: MachineLaunchOptions,
): Promise<LaunchedMachine> {
  const { plan, host, communicators: { provision } } = context.request;
  const { keys, source } = inputs;
  const start = () => host.launch({ plan, source, keys, layer, requirements: provision.requirements, onAsked }, context);
  const watched = await context.phase('launch', () =>
    context.act('launch', { layer: keys.layers[layer] }, () => startWatched(start, context, watch)));
  onAsked?.();
  return connectLaunched(context, watched, provision, watch, { input });
}

/** Connects to a machine that was started, and returns when it takes instructions. */
export async function connectLaunched(
  context: BuildContext, { machine, ...watched }: WatchedMachine, factory: CommunicatorFactory, { undo }: Watch, options: Pick<ConnectToOptions, 'timeoutMs' | 'input'> = {},
): Promise<LaunchedMachine> {
  const waits = machine.cloudInit && context.request.plan.builder.waitForCloudInit;
  const first = `${FORGET} && echo ${PREPARED} && { ${waits ? CLOUD_INIT_IS_DONE : 'true'}; } && echo ${READY}; true`;
  const { answer, ...open } = await context.phase('connect', () => connectTo(machine, factory, context, undo, { ...options, first }), machine.description);
  // It says why it cannot, where it is asked alone.
  if (!answer.includes(PREPARED)) { await open.connection.demand('be prepared', FORGET); }
  if (waits && !answer.includes(READY)) { await context.phase('cloud-init', () => awaitCloudInit(open.connection)); }
  return { ...watched, ...open };
}
