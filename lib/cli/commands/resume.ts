import { existsSync, readFileSync } from 'fs';
import { failureOf, withoutParent } from './build';
import { buildOne, reportEnd, reporterFor, type AskedOptions } from './build-one';
import { openHost, openState, type HostCommandOptions } from './host-options';
import { unfinishedBuilds, type BuildRecord, type StartRecord } from '../../engine/build-record';
import { removeAbandonedLocks } from '../../engine/lock-file';
import { GoldenError } from '../../errors';
import type { BuildOutcome } from '../../ports/events';
import type { StateStore } from '../../ports/state';
import { parsePlans, type ParsedPlan } from '../app/plans';
import { buildInOrder } from '../build-order';
import { exitCodeOf } from '../exit-codes';
import { table } from '../reporting/table';
import type { Surroundings, WiredHost } from '../surroundings';
import { stateFolder } from '../wiring';

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
  const all = await killedBuilds(state, ids);
  if (options.list) {
    stdout.write(table([['BUILD', 'IMAGE', 'HOST', 'BEGUN'], ...all.map(({ build, started }) => [build.buildId, started.image, started.host, build.begunAt ?? ''])]));
    return 0;
  }
  // Of builds, too, that were killed when all but their lock was put away.
  const tidy = () => removeAbandonedLocks(stateFolder(surroundings.environment), surroundings.clock);
  if (all.length === 0) {
    await tidy();
    if (!options.json) { stdout.write('No build was killed.\n'); }
    return 0;
  }
  const reporter = reporterFor(options, surroundings);
  const hosts = new Map<string, Promise<WiredHost>>();
  const outcomes: BuildOutcome[] = [];
  const plans = new Map<ParsedPlan, Unfinished>();
  for (const each of newestOfEachKey(all)) {
    try {
      plans.set(readPlanOf(each), each);
    } catch (error) {
      if (!GoldenError.is(error)) { throw error; }
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
    return host.then((wired) => buildOne(parsed, { options: asked, wired, state, reporter }, {
      bootTest, useCache, newerSource, parentKey: parent?.buildKey ?? parentKey, resumes: { buildId, buildKey },
    }, surroundings));
  };
  try {
    outcomes.push(...await buildInOrder([...plans.keys()], {
      parallel: options.parallel,
      build,
      withoutParent: (plan, parent, outcome) => reportEnd(reporter, surroundings, plan.plan.image, withoutParent(plan, parent, outcome)),
    }));
    await tidy();
    return exitCodeOf(outcomes.flatMap(failureOf));
  } finally {
    reporter.finish();
  }
}

/** Those that were killed and, of those that were left to be looked at, the ones that are asked for. */
async function killedBuilds(state: StateStore, ids: readonly string[]): Promise<Unfinished[]> {
  const unfinished = await unfinishedBuilds(state);
  const unknown = ids.find((id) => !unfinished.some(({ buildId }) => buildId === id));
  if (unknown !== undefined) {
    throw new GoldenError('no-such-build', `There is no unfinished build ${unknown} in ${state.description}`, {
      kind: 'usage', hint: 'golden resume --list shows those there are.',
    });
  }
  const wanted = unfinished.filter(({ buildId, kept }) => (ids.length > 0 ? ids.includes(buildId) : !kept));
  const owners = await Promise.all(wanted.map(({ started }) => started && state.lockOwner(started.buildKey)));
  return wanted.flatMap((build, i) => (build.started && !owners[i] ? [{ build, started: build.started }] : []));
}

/** Whoever finishes a build sees to the older ones of its key as well. */
function newestOfEachKey(builds: readonly Unfinished[]): Unfinished[] {
  return builds.filter(({ started }, i) => builds.findIndex((other) => other.started.buildKey === started.buildKey) === i);
}

/** The plan that a build was of. Errors: `plan-gone`, `plan-changed`, `not-resumable`. */
function readPlanOf({ build: { buildId }, started }: Unfinished): ParsedPlan {
  const { image, planFile, definitionHash, deliveryHash, asked } = started;
  const instead = { kind: 'invalid', path: image, hint: 'golden build builds the image as it is now; golden gc removes what the killed build left.' } as const;
  if (!asked) { throw new GoldenError('not-resumable', `The build ${buildId} was not begun by this command`, instead); }
  if (!existsSync(planFile)) { throw new GoldenError('plan-gone', `The build ${buildId} cannot be finished: its plan ${planFile} is not there any more`, instead); }
  const [parsed] = parsePlans([{ path: planFile, text: readFileSync(planFile, 'utf8'), image }]);
  if (parsed.plan.definitionHash !== definitionHash || parsed.plan.deliveryHash !== deliveryHash) {
    throw new GoldenError('plan-changed', `The build ${buildId} cannot be finished: its plan ${planFile} was changed since`, instead);
  }
  return parsed;
}

function failed({ definitionHash, buildKey }: StartRecord, { code, kind, message, hint, path }: GoldenError): BuildOutcome {
  return { status: 'failed', definitionHash, buildKey, seconds: 0, error: { code, kind, message, hint, path } };
}
