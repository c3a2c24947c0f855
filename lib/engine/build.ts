import { randomBytes } from 'crypto';
import { GoldenError } from '../errors';
import { verifyAssets } from './assets';
import { buildContext, type BuildContext } from './build-context';
import type { BuildRequest } from './build-request';
import type { Artifact } from '../ports/host';
import { machineFolders } from './bundle/bundle';
import { historyOf, readHistory, writeHistory } from './history';
import { readInputs, type Inputs } from './inputs';
import { JournalFile } from './journal-file';
import { Lock, type LockOwner } from './lock';
import { buildOnMachine } from './machine-build';
import { wasBootTested } from './manifest';
import { describeError, summaryOf } from './outcome';
import { Redaction } from './redact';
import { Undo } from './undo';
import type { BuildOutcome } from '../ports/events';

/**
 * Builds an image, or finds that it is there. Reports what happens, `build.finished` last. Failures are outcomes;
 * it never throws. However it ends, what it started is removed, unless the request says otherwise.
 */
export async function build(request: BuildRequest): Promise<BuildOutcome> {
  const { plan, clock, report } = request;
  const startedAt = clock.now();
  report({
    type: 'build.started', host: request.host.kind, definitionHash: plan.definitionHash, instructions: plan.definition.instructions.length,
  });
  const attempt = new Attempt(request, startedAt);
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
  private readonly journal: JournalFile;
  private readonly context: BuildContext;
  private inputs: Inputs | undefined;
  private lock: Lock | undefined;
  private recording = false;

  constructor(private readonly request: BuildRequest, private readonly startedAt: number) {
    const buildId = randomBytes(8).toString('hex');
    this.journal = new JournalFile(request.stateFolder, buildId, request.clock);
    this.context = buildContext({
      request,
      buildId,
      journal: this.journal,
      redaction: this.redaction,
      folders: machineFolders(buildId),
      signal: AbortSignal.any([request.signal, this.ending.signal]),
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
    return { ...ending, buildKey: this.inputs?.keys.build };
  }

  private async build(): Promise<Ending> {
    const { request, context } = this;
    const { plan, host } = request;
    const inputs = this.inputs = await context.phase('resolve', () => readInputs(request, context));
    this.redaction.hide(Object.values(inputs.secrets));
    const known = await this.existing(inputs);
    if (known) { return this.unchanged(known, inputs); }
    verifyAssets(plan, request.planFile);

    await context.phase('lock', () => this.acquireLock(inputs));
    // Another build of it may have ended since, even where it was not waited for.
    const adopted = await this.existing(inputs);
    if (adopted) { return this.unchanged(adopted, inputs); }

    const { keys, source } = inputs;
    await context.startRecording({ image: plan.image, buildKey: keys.build, host: host.kind, source: source.id, planFile: request.planFile });
    this.recording = true;
    const previous = await readHistory(request.stateFolder, plan.image);
    await this.remember(inputs, 'failed');
    const artifact = await buildOnMachine(context, {
      inputs, undo: this.undo, startedAt: this.startedAt, previousLayers: previous?.layers, abort: (reason) => this.ending.abort(reason),
    });
    await this.remember(inputs, 'built');
    return { status: 'built', artifact: summaryOf(artifact) };
  }

  /** The artifact that makes this build needless: whole, and proven by a boot where that is asked for. */
  private async existing({ keys }: Inputs): Promise<Artifact | undefined> {
    const { useCache, bootTest, host, plan } = this.request;
    const artifact = useCache ? await host.findArtifact(plan, keys) : undefined;
    return artifact && (!bootTest || wasBootTested(artifact.manifest)) ? artifact : undefined;
  }

  private unchanged(artifact: Artifact, { keys }: Inputs): Ending {
    this.context.report({ type: 'build.keyed', buildKey: keys.build, cached: this.request.plan.definition.instructions.length });
    return { status: 'unchanged', artifact: summaryOf(artifact) };
  }

  private async acquireLock({ keys }: Inputs): Promise<void> {
    const { request, context } = this;
    const { lock } = await Lock.acquire(request.stateFolder, keys.build, {
      buildId: context.buildId,
      image: request.plan.image,
      clock: request.clock,
      signal: context.signal,
      onWait: (owner) => context.report({ type: 'notice', level: 'info', message: waitMessage(owner) }),
    });
    this.lock = lock;
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
    return { status: 'failed', error: describeError(this.ending.signal.aborted ? this.ending.signal.reason : error, this.redaction) };
  }

  /** Leaves nothing behind but the artifact and the records. Whatever fails here is told, and changes nothing of the outcome. */
  private async putAway(ending: Ending): Promise<void> {
    const { request, context } = this;
    const tell = (message: string) => context.report({ type: 'notice', level: 'warning', message: this.redaction.text(message) });
    const left = this.undo.pending.filter((what) => what.startsWith('the machine'));
    const keep = ending.status === 'failed' && request.onError === 'abort' && left.length > 0;
    await this.undo.run(keep ? 'keep' : 'undo', (what, error) => {
      tell(`Could not remove ${what}: ${(error as Error).message}\nRemove it with: golden gc --host ${request.host.kind}`);
    });
    if (keep) { tell(`Left as it is, because of --on-error abort: ${left.join('; ')}\nRemove it with: golden gc --host ${request.host.kind}`); }
    if (this.recording) {
      const { status, error } = ending;
      await this.journal.append({ type: 'finished', detail: { status, error, kept: keep } }).catch((failure: Error) => tell(`The journal is not complete: ${failure.message}`));
    }
    await this.journal.close().catch(() => undefined);
    await this.lock?.release().catch((failure: Error) => tell(`The lock could not be given back, and expires in a minute: ${failure.message}`));
  }
}

function waitMessage({ image, buildId, pid, host }: LockOwner): string {
  return `Waiting for the build ${buildId} of ${image}, process ${pid} on ${host}, which builds the same`;
}
