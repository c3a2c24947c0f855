import { randomBytes } from 'crypto';
import { setMaxListeners } from 'events';
import { formatFault, GoldenError } from '../errors';
import { verifyAssets } from './assets';
import { buildContext, type BuildContext } from './build-context';
import { acquireBuildLock, assertOwner } from './build-lock';
import { BuildLog } from './build-log';
import { KEPT, type BuildRecord, type StartRecord } from './build-record';
import type { BuildRequest } from './build-request';
import { machineFolders } from './bundle/bundle';
import { ControlServer } from './control/control-server';
import { deliver } from './delivery';
import { historyOf, readHistory, writeHistory } from './history';
import { readInputs, type Inputs } from './inputs';
import { buildOnMachine, type Built } from './machine-build';
import { wasBootTested } from './manifest';
import { describeError, summaryOf } from './outcome';
import { deadBuilds, recover, type Captured } from './recovery';
import { Redaction } from './redact';
import { firstLayer } from './reusable-layers';
import { tellingSlowness } from './slow-state';
import { Undo } from './undo';
import type { BuildOutcome, EventSink } from '../ports/events';
import type { Artifact, HostContext } from '../ports/host';
import type { Journal } from '../ports/journal';
import type { Lock } from '../ports/state';

/**
 * Builds an image, or finds that it is there. Reports what happens, `build.finished` last. Failures are outcomes;
 * it never throws. However it ends, what it started is removed, unless the request says otherwise.
 */
export async function build(request: BuildRequest): Promise<BuildOutcome> {
  const { plan, clock } = request;
  const startedAt = clock.now();
  const buildId = randomBytes(8).toString('hex');
  const log = new BuildLog(request.stateFolder, buildId, plan.image, clock);
  const report: EventSink = (event) => {
    log.add(event);
    request.report(event);
  };
  report({
    type: 'build.started', host: request.host.kind, definitionHash: plan.definitionHash, instructions: plan.definition.instructions.length,
  });
  const attempt = new Attempt({ ...request, report }, buildId, startedAt);
  const outcome: BuildOutcome = { ...await attempt.run(), definitionHash: plan.definitionHash, seconds: (clock.now() - startedAt) / 1000 };
  report({ type: 'build.finished', ...outcome });
  return outcome;
}

type Ending = Pick<BuildOutcome, 'status' | 'buildKey' | 'artifact' | 'error'>;

/** One try to build an image, with all that has to be put away after it. */
class Attempt {
  private readonly ending = new AbortController();
  private readonly undo = new Undo();
  private readonly redaction = new Redaction();
  private readonly control: ControlServer;
  private readonly journal: Journal;
  private readonly context: BuildContext;
  private inputs: Inputs | undefined;
  private lock: Lock | undefined;
  /** Builds of this key that were killed; their records go when this one has ended. */
  private dead: readonly BuildRecord[] = [];
  private recording: Promise<void> | undefined;

  constructor(private readonly request: BuildRequest, buildId: string, private readonly startedAt: number) {
    this.journal = tellingSlowness(request.state.openJournal(buildId), request.state, request.stateFolder, request.report);
    this.control = new ControlServer(request.stateFolder, buildId);
    this.control.start();
    const signal = AbortSignal.any([request.signal, this.ending.signal]);
    // Whatever a build waits for at once ends with it.
    setMaxListeners(0, signal);
    this.context = buildContext({
      request,
      buildId,
      journal: this.journal,
      redaction: this.redaction,
      folders: machineFolders(buildId),
      control: this.control,
      signal,
    });
  }

  async run(): Promise<Ending> {
    let ending: Ending;
    try {
      ending = await this.build();
    } catch (error) {
      ending = await this.failed(error);
    }
    await this.putAway(ending);
    await this.control.close();
    return { ...ending, buildKey: this.inputs?.keys.build };
  }

  private async build(): Promise<Ending> {
    const { request, context } = this;
    const { plan, host } = request;
    const needless = new AbortController();
    const prepared = this.prepareLaunch(needless.signal);
    prepared.catch(() => undefined);
    const { inputs, known } = await this.resolve().catch((error: unknown) => { needless.abort(); throw error; });
    if (known) { needless.abort(); }
    this.inputs = inputs;
    if (request.resumes && request.resumes.buildKey !== inputs.keys.build) { throw inputsChanged(request, request.resumes.buildId); }
    if (known && !host.reconcile && !await this.mayHaveRemains(inputs)) { return this.unchanged(known, inputs); }
    if (!known && !await prepared) {
      host.expectLaunch?.(plan, context);
      await verifyAssets(plan, request.planFile);
    }

    const { lock, waited } = await acquireBuildLock(inputs.keys.build, context, (reason) => this.ending.abort(reason));
    this.lock = lock;
    const adoptable = waited ? undefined : known;
    // Asked with what comes next, which hardly ever makes it needless.
    const layer = adoptable ? Promise.resolve(0) : firstLayer(request, inputs.keys);
    layer.catch(() => undefined);
    this.dead = await this.deadBuilds(inputs);
    // Another build of it may have ended since, even where it was not waited for.
    const adopted = adoptable ?? await this.existing(inputs);
    if (adopted) {
      await this.recovered(inputs);
      return this.reconciled(adopted, inputs);
    }

    await this.startRecording(inputs);
    const captured = await this.recovered(inputs);
    const previous = await readHistory(request.stateFolder, plan.image);
    await this.remember(inputs, 'failed');
    const watch = { undo: this.undo, abort: (reason: GoldenError) => this.ending.abort(reason), assertOwner: () => assertOwner(lock, context) };
    const built = captured ?? await buildOnMachine(context, { ...watch, inputs, layer, startedAt: this.startedAt, previousLayers: previous?.layers });
    const artifact = await deliver(built, inputs, context, watch);
    // The image is out. A machine that cannot be removed now is tried again, and told, when all is put away.
    if ('removed' in built) { await context.phase('destroy', () => (built as Built).removed()).catch(() => undefined); }
    await this.remember(inputs, 'built');
    return { status: 'built', artifact: summaryOf(artifact) };
  }

  /** Prepares a launch for as long as the source is looked up, where nothing is known that could make it needless. Returns whether. */
  private async prepareLaunch(needless: AbortSignal): Promise<boolean> {
    const { plan, planFile, host, stateFolder, useCache } = this.request;
    const previous = await readHistory(stateFolder, plan.image);
    if (useCache && previous?.status === 'built') { return false; }
    host.expectLaunch?.(plan, this.context);
    await verifyAssets(plan, planFile, needless);
    return true;
  }

  /** What the definition was built of before, where that is there or was built already; else what its source is now. */
  private async resolve(): Promise<{ readonly inputs: Inputs; readonly known?: Artifact }> {
    const { request, context } = this;
    const read = async (newerSource = request.newerSource) => {
      const inputs = await context.phase('resolve', () => readInputs({ ...request, newerSource }, context));
      this.redaction.hide(Object.values(inputs.secrets));
      return { inputs, known: inputs.source.isNew ? undefined : await this.existing(inputs) };
    };
    const found = await read();
    const { isThere, description } = found.inputs.source;
    if (found.known || !isThere || await isThere()) { return found; }
    context.report({ type: 'notice', level: 'info', message: `What it was built of is not there any more: ${description}. Its source is looked up anew.` });
    return read(true);
  }

  /** The artifact that makes this build needless: whole, and proven by a boot where that is asked for. */
  private async existing({ keys }: Inputs): Promise<Artifact | undefined> {
    const { useCache, bootTest, host, plan, resumes } = this.request;
    const artifact = useCache || resumes ? await host.findArtifact(plan, keys) : undefined;
    if (!artifact || (!useCache && artifact.manifest.buildId !== resumes?.buildId)) { return undefined; }
    return !bootTest || wasBootTested(artifact.manifest) ? artifact : undefined;
  }

  /** Whether builds of this key were killed; where one runs, that one will see to it. */
  private async mayHaveRemains({ keys }: Inputs): Promise<boolean> {
    return (await this.deadBuilds({ keys })).length > 0 && await this.request.state.lockOwner(keys.build) === undefined;
  }

  private deadBuilds({ keys }: Pick<Inputs, 'keys'>): Promise<readonly BuildRecord[]> {
    const { state, host } = this.request;
    return deadBuilds(state, host, keys.build, (error) => this.context.report({
      type: 'notice', level: 'warning', message: formatFault(error),
    }));
  }

  private async recovered({ keys }: Inputs): Promise<Captured | undefined> {
    if (this.dead.length === 0) { return undefined; }
    return this.context.phase('recover', () => recover(this.context, keys, this.dead));
  }

  /** Sees to it that what is published agrees with the plan. */
  private async reconciled(artifact: Artifact, inputs: Inputs): Promise<Ending> {
    const { request: { host, plan }, context } = this;
    if (host.reconcile) {
      const intend: HostContext['intend'] = async (act, detail) => {
        await this.startRecording(inputs);
        await context.intend(act, detail);
      };
      const lines = await context.phase('reconcile', () => host.reconcile!(artifact, { plan, keys: inputs.keys }, { ...context, intend }));
      for (const message of lines) { context.report({ type: 'notice', level: 'info', message }); }
    }
    return this.unchanged(artifact, inputs);
  }

  private unchanged(artifact: Artifact, { keys }: Inputs): Ending {
    this.context.report({ type: 'build.keyed', buildKey: keys.build, cached: this.request.plan.definition.instructions.length });
    return { status: 'unchanged', artifact: summaryOf(artifact) };
  }

  private startRecording({ keys, source }: Inputs): Promise<void> {
    const { plan, planFile, host, bootTest, useCache, parentKey, newerSource, asked } = this.request;
    const { image, definitionHash, deliveryHash } = plan;
    const start: StartRecord = {
      image,
      definitionHash,
      deliveryHash,
      buildKey: keys.build,
      host: host.kind,
      source: source.id,
      planFile,
      bootTest,
      useCache,
      parentKey,
      newerSource,
      asked,
    };
    return this.recording ??= this.context.startRecording({ ...start });
  }

  private remember({ keys, resolved }: Inputs, status: 'built' | 'failed'): Promise<void> {
    return writeHistory(this.request.stateFolder, historyOf(this.request.plan, keys, resolved, status));
  }

  /** What ended the build, in the order of what explains most: the user, the loss of the machine, the error itself. */
  private async failed(error: unknown): Promise<Ending> {
    const { request } = this;
    if (request.signal.aborted) {
      const interruption = new GoldenError('interrupted', 'The build was interrupted', { kind: 'interrupted', path: request.plan.image });
      return { status: 'interrupted', error: describeError(interruption, this.redaction) };
    }
    const described = describeError(this.ending.signal.aborted ? this.ending.signal.reason : error, this.redaction);
    return { status: 'failed', error: { ...described, path: described.path ?? request.plan.image } };
  }

  /** Leaves nothing behind but the artifact and the records. Whatever fails here is told, and changes nothing of the outcome. */
  private async putAway(ending: Ending): Promise<void> {
    const { request, context } = this;
    const tell = (message: string) => context.report({ type: 'notice', level: 'warning', message: this.redaction.text(message) });
    const removal = `Remove it with: golden gc --host ${request.host.kind}`;
    const left = this.undo.pending.filter((what) => what.startsWith('the machine'));
    const keep = ending.status === 'failed' && (request.onError === 'abort' || context.decisions.leavesMachine) && left.length > 0;
    let allGone = true;
    await this.undo.run(keep ? 'keep' : 'undo', (what, error) => {
      allGone = false;
      tell(`Could not remove ${what}: ${(error as Error).message}\n${removal}`);
    });
    if (keep) { tell(`Left as it is, ${context.decisions.leavesMachine ? 'as was decided' : 'because of --on-error abort'}: ${left.join('; ')}\n${removal}`); }
    await this.closeRecords(ending, { keep, allGone }).catch((failure: Error) => tell(`The journal is not complete: ${failure.message}`));
    await this.lock?.release().catch((failure: Error) => tell(`The lock could not be given back, and expires in a minute: ${failure.message}`));
  }

  /** A record without its end is how others learn that something may be left. */
  private async closeRecords({ status, error }: Ending, { keep, allGone }: { readonly keep: boolean; readonly allGone: boolean }): Promise<void> {
    if (this.recording) {
      await this.recording;
      if (keep) { await this.journal.append({ type: 'event', act: KEPT, detail: { status, error } }); }
      if (!keep && allGone) { await this.journal.append({ type: 'finished', detail: { status, error } }); }
    }
    await this.journal.close();
    // What they left is gone, or has become the artifact.
    if (status === 'built' || status === 'unchanged') {
      for (const { buildId } of this.dead) { await this.request.state.removeJournal(buildId); }
    }
  }
}

function inputsChanged({ plan }: BuildRequest, buildId: string): GoldenError {
  return new GoldenError('inputs-changed', `The build ${buildId} cannot be finished: its source, a parameter or a secret is another one now`, {
    path: plan.image, hint: 'Build the image as it is now with golden build; golden gc removes what the killed build left.',
  });
}
