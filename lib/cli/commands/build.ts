import { buildOne, reportEnd, reporterFor, type AskedOptions } from './build-one';
import { openHost, openState } from './host-options';
import { plansToBuild, type AppOptions } from './selected-plans';
import { GoldenError, type FailureKind } from '../../errors';
import type { BuildOutcome } from '../../ports/events';
import type { ParsedPlan } from '../app/plans';
import { buildInOrder } from '../build-order';
import { Prompts } from '../console/prompts';
import { exitCodeOf } from '../exit-codes';
import type { Surroundings } from '../surroundings';
import { checkOverrides, parseOverrides } from '../values';

export interface BuildOptions extends AppOptions, AskedOptions {
  readonly host: string;
  readonly parallel: number;
  readonly cache: boolean;
  readonly bootTest?: boolean;
  readonly newerSource?: boolean;
  /** Parameter that is to name the image from now on, where it is there. */
  readonly alias?: string;
  readonly debug?: boolean;
  readonly json?: boolean;
}

/** Builds images, and returns the exit code that their ends call for. */
export async function buildCommand(patterns: readonly string[], options: BuildOptions, surroundings: Surroundings): Promise<number> {
  const overrides = parseOverrides(options.parameter, options.secret);
  const reporter = reporterFor(options, surroundings);
  const { cache: useCache, bootTest = false, newerSource = false, onError, debug = false } = options;
  // Whoever cannot be asked is told before anything is done.
  const operator = onError === 'ask' || debug ? new Prompts(surroundings, reporter, { ask: onError === 'ask', debug }).operator : undefined;
  const plans = await plansToBuild(patterns, options, surroundings);
  if (options.alias !== undefined && plans.length > 1) {
    throw new GoldenError('several-images', `--alias ${options.alias} can name one image, and ${plans.length} are to be built`, {
      kind: 'usage', hint: 'Say which one, as in golden build IMAGE --alias NAME.',
    });
  }
  checkOverrides(overrides, plans.map(({ plan }) => plan));
  const wired = await openHost(options, surroundings);
  const state = await openState(options, surroundings);
  try {
    const outcomes = await buildInOrder(plans, {
      parallel: options.parallel,
      build: (plan, parent) => buildOne(plan, { options, wired, state, reporter, operator }, {
        useCache, bootTest, newerSource, parentKey: parent?.buildKey,
      }, surroundings),
      withoutParent: (plan, parent, outcome) => reportEnd(reporter, surroundings, plan.plan.image, withoutParent(plan, parent, outcome)),
    });
    const [{ artifact }] = outcomes;
    if (options.alias !== undefined && artifact) {
      (await wired.alias?.(plans[0].plan, options.alias, artifact.id) ?? []).forEach((line) => surroundings.stderr.write(`${line}\n`));
    }
    return exitCodeOf(outcomes.flatMap(failureOf));
  } finally {
    reporter.finish();
  }
}

/** How an image ends whose parent was not built. */
export function withoutParent({ plan }: ParsedPlan, parent: ParsedPlan, outcome: BuildOutcome): BuildOutcome {
  return {
    status: outcome.status === 'interrupted' ? 'interrupted' : 'failed',
    definitionHash: plan.definitionHash,
    seconds: 0,
    error: {
      code: 'parent-failed',
      kind: outcome.error?.kind ?? 'interrupted',
      message: `It starts from ${parent.plan.image}, which was not built`,
      path: plan.image,
    },
  };
}

/** What went wrong in a build, as far as it decides how the command ends. */
export function failureOf({ status, error }: BuildOutcome): FailureKind[] {
  if (status === 'interrupted') { return ['interrupted']; }
  return status === 'failed' ? [error?.kind ?? 'internal'] : [];
}
