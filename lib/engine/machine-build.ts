import { assetFolderOf } from './assets';
import { bootPoint } from './booted-work';
import type { BuildContext } from './build-context';
import { startWatched, type Watch } from './build-machine';
import { PROVISIONED, type BootedUp, type Provisioned } from './build-record';
import { holdChecks, type CheckSummary } from './checks';
import { cleanMachine } from './clean';
import type { Connection } from './connection';
import type { Inputs } from './inputs';
import { LayerPolicy } from './layer-policy';
import { MachineEntrance } from './machine-entrance';
import { connectLaunched, launchMachine, type LaunchedMachine } from './machine-launch';
import { packAhead, type PackedAhead } from './packing';
import { Provisioning } from './provisioning';
import type { Captured } from './recovery';
import { firstLayer } from './reusable-layers';
import { GoldenError } from '../errors';
import type { Check } from '../plan/checks';
import type { CommunicatorFactory } from '../ports/communicator';
import type { DraftArtifact, Machine } from '../ports/host';

const STOP_MS = 120_000;

/** How long services may take to come up after the last instruction; under emulation everything takes longer. */
const PATIENCE_MS = 5_000;
const EMULATED_PATIENCE_MS = 90_000;

/** How long one may take that boots under emulation, on a computer with other things to do. */
const EMULATED_BOOT_MS = 900_000;

export interface MachineBuildOptions extends Watch {
  readonly inputs: Inputs;
  /** Index of the deepest layer that was there when the build began. */
  readonly layer: Promise<number>;
  /** Milliseconds since the epoch. */
  readonly startedAt: number;
  /** Keys of the layers of the last build of this image, to tell what changed. */
  readonly previousLayers: readonly string[] | undefined;
}

/** What comes of a machine, and its removal, which goes on in the background. */
export interface Built extends Captured {
  readonly removed: () => Promise<void>;
}

/** Holds the checks of the finished machine, again where a person has it so. */
async function holdFinalChecks(
  checks: readonly Check[], patienceMs: number, connection: Connection, context: BuildContext,
): Promise<readonly CheckSummary[]> {
  for (;;) {
    try {
      return await holdChecks(checks, connection, context, { phase: 'check', patienceMs });
    } catch (error) {
      if (await context.decisions.afterChecks(error) === 'skip') { return []; }
    }
  }
}

/** Errors: `not-published`, when it was asked what becomes of the machine. */
async function assertAsDefined({ deviations, decisions, request }: BuildContext): Promise<void> {
  try {
    deviations.assertNone(request.plan.image);
  } catch (error) {
    await decisions.atEnd(error);
  }
}

/** Builds an image on a machine: from its launch to what is captured of it. */
export function buildOnMachine(context: BuildContext, options: MachineBuildOptions): Promise<Built> {
  return new MachineBuild(context, options).run();
}

/** A machine at work. */
interface Place extends LaunchedMachine {
  readonly factory: CommunicatorFactory;
  readonly provisioning: Provisioning;
  readonly entrance: MachineEntrance;
}

class MachineBuild {
  private readonly policy: LayerPolicy;
  private bootedUp: BootedUp | undefined;

  constructor(private readonly context: BuildContext, private readonly options: MachineBuildOptions) {
    const { plan, host } = context.request;
    this.policy = new LayerPolicy(plan, options.inputs.keys, options.previousLayers, () => host.checkpointSeconds);
  }

  async run(): Promise<Built> {
    const { context, options: { inputs: { keys }, startedAt } } = this;
    const { request, journal } = context;
    const { plan, host, communicators } = request;
    const layer = await this.options.layer;
    context.report({ type: 'build.keyed', buildKey: keys.build, cached: layer });

    const first = await this.launch(layer);
    first.provisioning.passOver(layer);
    const place = first.connection.machine.booted || !host.bootUp ? await this.provision(first, layer) : await this.provisionUnbooted(first, layer);
    const { connection, provisioning } = place;
    const { machine } = connection;
    const unbooted = !machine.booted && host.bootUp !== undefined;
    // What they ask for may be there only once the image has booted: then they are held after its boot test.
    const checks = unbooted ? [] : plan.definition.checks;
    const patienceMs = this.bootedUp ? EMULATED_PATIENCE_MS : PATIENCE_MS;
    const final = await context.phase('check', () => holdFinalChecks(checks, patienceMs, connection, context));
    await assertAsDefined(context);
    this.letNobodyIn(place);
    const cleaned = await context.phase('clean', async () => {
      await place.endRenewal();
      return cleanMachine(connection, context.folders, place.factory.requirements.authorizedKey);
    });
    await context.phase('stop', () => this.stop(place));

    const before = first === place ? [] : first.provisioning.results.filter(({ index }) => index < this.bootedUp!.from);
    const provisioned: Provisioned = {
      machine: first.connection.machine.description,
      communicator: communicators.provision.kind,
      bootedUp: this.bootedUp,
      unbooted: unbooted || undefined,
      startedAt: new Date(startedAt).toISOString(),
      phases: [...context.phases],
      instructions: [...before, ...provisioning.results],
      checks: { provision: first === place ? provisioning.checks : [...first.provisioning.checks, ...provisioning.checks], final },
      cleaned,
    };
    // Before the capture: a build that finds the draft and not this could only throw it away.
    await journal.append({ type: 'done', act: PROVISIONED, detail: { ...provisioned } });
    const draft = await context.phase('capture', () => context.act('capture', { buildKey: keys.build }, () => this.capture(machine)));
    place.release();
    return { draft, provisioned, removed: place.remove };
  }

  private async capture(machine: Machine): Promise<DraftArtifact> {
    const { context, options: { undo, inputs: { keys } } } = this;
    const { plan, host } = context.request;
    const abandon = async () => { await host.abandonCapture?.(machine, context); };
    const forget = undo.add({ what: `what was captured of ${machine.id}`, undo: abandon, keep: abandon });
    const draft = await host.capture(machine, { plan, keys }, context);
    forget();
    return draft;
  }

  private async launch(layer: number): Promise<Place> {
    const { context, options } = this;
    const { provision } = context.request.communicators;
    let onAsked: () => void;
    const asked = new Promise<void>((resolve) => { onAsked = resolve; });
    const ahead = asked.then(() => packAhead(context, options.inputs, this.policy, layer, provision.kind));
    const input = ahead.then(async (packed) => (await packed?.load)?.whole).catch(() => undefined);
    const launched = await launchMachine(context, { ...options, layer, onAsked: onAsked!, input });
    return this.placeAt(launched, provision, await ahead);
  }

  private placeAt(launched: LaunchedMachine, factory: CommunicatorFactory, ahead?: PackedAhead): Place {
    const { context, options: { inputs } } = this;
    const entrance = new MachineEntrance(launched.connection, context);
    const { machine } = launched.connection;
    // What failed on one that is not booted is tried on one that is, before anybody is asked.
    context.decisions.enter(entrance, machine.booted || !context.request.host.bootUp);
    context.control?.open(entrance);
    return { ...launched, factory, entrance, provisioning: new Provisioning(context, launched.connection, inputs, this.policy, ahead) };
  }

  private async provision(place: Place, from: number): Promise<Place> {
    await this.context.phase('provision', () => place.provisioning.run(from));
    return place;
  }

  /** Executes what needs no booted machine, and the rest on one. Returns the place of the last instruction. */
  private async provisionUnbooted(first: Place, layer: number): Promise<Place> {
    const { context } = this;
    const { plan: { definition: { instructions } }, planFile } = context.request;
    const known = bootPoint(instructions, assetFolderOf(planFile));
    const to = Math.max(layer, known?.index ?? instructions.length);
    try {
      await context.phase('provision', () => first.provisioning.run(layer, to));
    } catch (error) {
      const mayBeForWant = GoldenError.is(error) && ['instruction-failed', 'check-failed'].includes(error.code) && !context.signal.aborted;
      if (!mayBeForWant) { throw error; }
      return this.again(first, error);
    }
    if (to === instructions.length) { return first; }
    if (to > layer) { await first.provisioning.checkpoint(to - 1); }
    return this.bootUp(first, to, known!.reason);
  }

  /** What failed may have failed for want of a booted machine: it gets one, with a disk that the failure has not touched. */
  private async again(first: Place, error: GoldenError): Promise<Place> {
    const { context } = this;
    const failed = first.provisioning.results.pop()!.index;
    context.report({ type: 'notice', level: 'warning', message: `${error.message}\nIt failed on a machine that is not booted: it is tried on one that is` });
    await first.close();
    await first.remove();
    const layer = Math.min(failed, await firstLayer(context.request, this.options.inputs.keys));
    const second = await this.launch(layer);
    await context.phase('provision', () => second.provisioning.run(layer, failed));
    const kept = first.provisioning.results.filter(({ index }) => index < layer);
    first.provisioning.results.splice(0, Infinity, ...kept, ...second.provisioning.results);
    return this.bootUp(second, failed, `instruction ${failed + 1} failed without`);
  }

  private async bootUp(from: Place, index: number, reason: string): Promise<Place> {
    const { context, options: { inputs: { keys } } } = this;
    const { plan, host, communicators } = context.request;
    const factory = communicators.bootTest ?? communicators.provision;
    const { machine } = from.connection;
    await this.stop(from);
    const start = (): Promise<Machine> => host.bootUp!(machine, { plan, keys, requirements: factory.requirements }, context);
    const watched = await context.phase('launch', async () => {
      const booted = await context.act('boot-up', { machine: machine.id }, () => startWatched(start, context, this.options));
      await from.remove();
      return booted;
    }, `a booted machine is needed: ${reason}`);
    this.bootedUp = { machine: watched.machine.description, communicator: factory.kind, from: index, reason };
    const place = this.placeAt(await connectLaunched(context, watched, factory, this.options, { timeoutMs: EMULATED_BOOT_MS }), factory);
    // It has just started, from the disk as it is: there is nothing that another start would change.
    const restarts = plan.definition.instructions[index].type === 'reboot';
    if (restarts) { place.provisioning.haveDone(index); }
    return this.provision(place, restarts ? index + 1 : index);
  }

  private letNobodyIn({ entrance }: Place): void {
    entrance.close();
    this.context.control?.leave();
  }

  private async stop(place: Place): Promise<void> {
    this.letNobodyIn(place);
    await place.leave();
    await place.close();
    await place.connection.machine.stop(STOP_MS);
  }
}
