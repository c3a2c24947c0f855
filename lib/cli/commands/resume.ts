import { existsSync } from 'fs';
import { failureOf, withoutParent } from './build';
import { buildOne, reportEnd, reporterFor, type AskedOptions } from './build-one';
import { openHost, openState, type HostCommandOptions } from './host-options';
import { unfinishedBuilds, type BuildRecord, type StartRecord } from '../../engine/build-record';
import { removeAbandonedLocks } from '../../engine/lock-file';
import { demandShape, type Shape } from '../../engine/record-shape';
import { removeDeadDrafts } from '../../engine/state-draft';
import { formatFault, GoldenError } from '../../errors';
import type { BuildOutcome } from '../../ports/events';
import type { StateStore } from '../../ports/state';
import { readText } from '../app/assembly';
import { parsePlans, type ParsedPlan } from '../app/plans';
import { buildInOrder } from '../build-order';
import { isInteractive } from '../console/attended-command';
import { Prompts } from '../console/prompts';
import { exitCodeOf } from '../exit-codes';
import { reportLeftOut } from '../failure';
import { table } from '../reporting/table';
import { stateFolder } from '../state-place';
import type { Surroundings, WiredHost } from '../surroundings';

export interface ResumeOptions extends Pick<HostCommandOptions, 'state' | 'region' | 'profile' | 'roleArn'> {
  readonly list?: boolean;
  readonly parallel: number;
  readonly json?: boolean;
}

/** A build that was killed, and how it was asked for. */
interface Unfinished {
  readonly build: BuildRecord;
  readonly started: StartRecord;
}

/** Finishes builds that were killed: from what they captured, else from their last layer. */
export async function resumeCommand(ids: readonly string[], options: ResumeOptions, surroundings: Surroundings): Promise<number> {
  const { stdout } = surroundings;
  const state = await openState(options, surroundings);
  const damaged: GoldenError[] = [];
  const all = await killedBuilds(state, ids, damaged);
  if (options.list) {
    stdout.write(table([['BUILD', 'IMAGE', 'HOST', 'BEGUN'], ...all.map(({ build, started }) => [build.buildId, started.image, started.host, build.begunAt ?? ''])]));
    return reportLeftOut(damaged, surroundings);
  }
  // Of builds, too, that were killed when all but their lock was put away.
  const tidy = async () => {
    const folder = stateFolder(surroundings.environment);
    await removeAbandonedLocks(folder, surroundings.clock);
    await removeDeadDrafts(folder, surroundings.clock.now());
  };
  if (all.length === 0) {
    await tidy();
    if (!options.json && damaged.length === 0) { stdout.write('No build was killed.\n'); }
    return reportLeftOut(damaged, surroundings);
  }
  const reporter = reporterFor(options, surroundings);
  // Where nobody is to be asked any more, a failure ends as it does without being asked.
  const mayAsk = surroundings.streams !== undefined && isInteractive(surroundings.streams);
  const { operator } = mayAsk ? new Prompts(surroundings, reporter, { ask: true, debug: false }) : { operator: undefined };
  const hosts = new Map<string, Promise<WiredHost>>();
  const outcomes: BuildOutcome[] = [];
  const plans = new Map<ParsedPlan, Unfinished>();
  for (const each of newestOfEachKey(all)) {
    try {
      plans.set(await readPlanOf(each, state), each);
    } catch (error) {
      outcomes.push(reportEnd(reporter, surroundings, each.started.image, failed(each.started, error)));
    }
  }
  const build = (parsed: ParsedPlan, parent?: BuildOutcome): Promise<BuildOutcome> => {
    const { build: { buildId }, started } = plans.get(parsed)!;
    const asked = started.asked as unknown as AskedOptions;
    const key = JSON.stringify(asked);
    const host = hosts.get(key) ?? openHost(asked, surroundings);
    hosts.set(key, host);
    const { bootTest, useCache, buildKey, parentKey, newerSource } = started;
    return host.then((wired) => buildOne(parsed, {
      options: asked, wired, state, reporter, operator: asked.onError === 'ask' ? operator : undefined,
    }, {
      bootTest, useCache, newerSource, parentKey: parent?.buildKey ?? parentKey, resumes: { buildId, buildKey },
    }, surroundings)).catch((error: unknown) => reportEnd(reporter, surroundings, started.image, failed(started, error)));
  };
  try {
    outcomes.push(...await buildInOrder([...plans.keys()], {
      parallel: options.parallel,
      build,
      withoutParent: (plan, parent, outcome) => reportEnd(reporter, surroundings, plan.plan.image, withoutParent(plan, parent, outcome)),
    }));
    await tidy();
    return reportLeftOut(damaged, surroundings) || exitCodeOf(outcomes.flatMap(failureOf));
  } finally {
    reporter.finish();
  }
}

/**
 * Those that were killed and, of those that were left to be looked at, the ones that are asked for.
 * @param damaged gets what is wrong with those that cannot be read
 */
async function killedBuilds(state: StateStore, ids: readonly string[], damaged: GoldenError[]): Promise<Unfinished[]> {
  const unfinished = await unfinishedBuilds(state, (error) => damaged.push(error));
  const unknown = ids.find((id) => !unfinished.some(({ buildId }) => buildId === id));
  if (unknown !== undefined) {
    const error = damaged.find(({ position }) => position?.file.startsWith(state.journalPlace(unknown)));
    throw error ?? new GoldenError('no-such-build', `There is no unfinished build ${unknown} in ${state.description}`, {
      kind: 'usage', hint: 'golden resume --list shows those there are.',
    });
  }
  const wanted = unfinished.filter(({ buildId, kept }) => (ids.length > 0 ? ids.includes(buildId) : !kept));
  const isFree = async ({ buildKey }: StartRecord): Promise<boolean> => {
    try {
      return await state.lockOwner(buildKey) === undefined;
    } catch (error) {
      if (!GoldenError.is(error) || error.code !== 'unreadable-lock') { throw error; }
      damaged.push(error);
      return false;
    }
  };
  const free = await Promise.all(wanted.map(({ started }) => started && isFree(started)));
  return wanted.flatMap((build, i) => (build.started && free[i] ? [{ build, started: build.started }] : []));
}

/** Whoever finishes a build sees to the older ones of its key as well. */
function newestOfEachKey(builds: readonly Unfinished[]): Unfinished[] {
  return builds.filter(({ started }, i) => builds.findIndex((other) => other.started.buildKey === started.buildKey) === i);
}

/** How a build is asked for. */
const ASKED: Shape = { host: 'string', output: 'string', onError: 'string', parameter: 'array?', secret: 'array?', region: 'string?', profile: 'string?' };

/** The plan that a build was of. Errors: `damaged-file`, `plan-gone`, `plan-changed`, `not-resumable`. */
async function readPlanOf({ build: { buildId }, started }: Unfinished, state: StateStore): Promise<ParsedPlan> {
  const { image, planFile, definitionHash, deliveryHash, asked } = started;
  const instead = { kind: 'invalid', path: image, hint: 'golden build builds the image as it is now; golden gc removes what the killed build left.' } as const;
  if (!asked) { throw new GoldenError('not-resumable', `The build ${buildId} was not begun by this command`, instead); }
  await demandShape(ASKED, asked, () => state.recordPlace(buildId, 0));
  if (!existsSync(planFile)) { throw new GoldenError('plan-gone', `The build ${buildId} cannot be finished: its plan ${planFile} is not there any more`, instead); }
  const [parsed] = parsePlans([{ path: planFile, text: readText(planFile), image }]);
  if (parsed.plan.definitionHash !== definitionHash || parsed.plan.deliveryHash !== deliveryHash) {
    throw new GoldenError('plan-changed', `The build ${buildId} cannot be finished: its plan ${planFile} was changed since`, instead);
  }
  return parsed;
}

/** How a build ends that was not even begun: one that cannot be finished keeps nobody from the others. Throws what is a fault of ours. */
function failed({ definitionHash, buildKey }: StartRecord, error: unknown): BuildOutcome {
  if (!GoldenError.is(error) && !(error instanceof Error && 'syscall' in error)) { throw error; }
  const { code, kind, hint, path, position, message } = GoldenError.is(error) ? error : new GoldenError('environment', error.message);
  const text = formatFault({ code, position, message });
  return { status: 'failed', definitionHash, buildKey, seconds: 0, error: { code, kind, message: text, hint, path } };
}
