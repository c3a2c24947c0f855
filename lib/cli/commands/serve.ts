import { createInterface } from 'readline';
import { withoutParent } from './build';
import { buildOne, requestOf, type AskedOptions } from './build-one';
import { openHost, openState } from './host-options';
import { plansToBuild, type AppOptions } from './selected-plans';
import { useMachine } from '../../engine/machine-use';
import { GoldenError } from '../../errors';
import type { MachineAnswer } from '../../plan/machine-requests';
import type { BuildOutcome } from '../../ports/events';
import type { ParsedPlan } from '../app/plans';
import { buildInOrder, parentOf } from '../build-order';
import { reportFailure } from '../failure';
import { lineReporter } from '../reporting/line-reporter';
import { serveMachine } from '../served-machine';
import type { Surroundings } from '../surroundings';
import { checkOverrides, parseOverrides } from '../values';

export interface ServeCommandOptions extends AppOptions, AskedOptions {
  readonly host: string;
  readonly cache: boolean;
  readonly checks: boolean;
}

/**
 * Makes a machine of an image, and does with it what is asked for on stdin, until that ends: what tests of images run. Stdout has
 * nothing but answers; what happens meanwhile goes to stderr, for people.
 */
export async function serveCommand(image: string, options: ServeCommandOptions, surroundings: Surroundings): Promise<number> {
  const answer = (said: MachineAnswer) => surroundings.stdout.write(`${JSON.stringify(said)}\n`);
  try {
    await serve(image, options, surroundings, answer);
    return 0;
  } catch (error) {
    const { code, kind, message, hint, path } = error as Partial<GoldenError>;
    answer({ type: 'failed', error: { code: code ?? 'internal', kind: kind ?? 'internal', message: String(message), hint, path } });
    return reportFailure(error, surroundings, ['serve', image]);
  }
}

async function serve(image: string, options: ServeCommandOptions, surroundings: Surroundings, answer: (said: MachineAnswer) => void): Promise<void> {
  const { stdin } = surroundings;
  if (!stdin) { throw new GoldenError('no-requests', 'Requests are read from stdin, and there is none', { kind: 'usage' }); }
  const requests = createInterface({ input: stdin, crlfDelay: Infinity });
  // Who asked may be gone before there is a machine: then nobody needs one.
  const gone = new AbortController();
  const notWanted = () => gone.abort();
  requests.once('close', notWanted);
  const overrides = parseOverrides(options.parameter, options.secret);
  const plans = await plansToBuild([image], options, surroundings);
  checkOverrides(overrides, plans.map(({ plan }) => plan));
  const wanted = plans.filter(({ plan }) => plan.image === image);
  if (wanted.length !== 1) { throw new GoldenError('no-such-image', `${image} is the path of no image`, { kind: 'usage' }); }
  const around = {
    options,
    wired: await openHost(options, surroundings),
    state: await openState(options, surroundings),
    reporter: lineReporter(surroundings.stderr),
  };
  const how = { useCache: options.cache, bootTest: false };
  const parent = await buildParents(wanted[0], plans, (plan, built) => buildOne(plan, around, { ...how, parentKey: built?.buildKey }, surroundings));
  const request = await requestOf(wanted[0], around, { ...how, parentKey: parent?.buildKey }, surroundings);
  const signal = AbortSignal.any([request.signal, gone.signal]);
  await useMachine({ ...request, signal }, { provision: true }, (used) => {
    requests.off('close', notWanted);
    return serveMachine(used, { requests, answer, holdChecks: options.checks });
  });
}

/** Builds what the image starts from, and returns how its own parent ended. */
async function buildParents(
  child: ParsedPlan, plans: readonly ParsedPlan[], build: (plan: ParsedPlan, parent?: BuildOutcome) => Promise<BuildOutcome>,
): Promise<BuildOutcome | undefined> {
  const parents = plans.filter((plan) => plan !== child);
  const outcomes = await buildInOrder(parents, { parallel: 1, build, withoutParent });
  const failed = outcomes.find(({ error }) => error);
  if (failed?.error) {
    const { code, message, kind, hint, path } = failed.error;
    throw new GoldenError(code, message, { kind, hint, path });
  }
  const parent = parentOf(child, plans);
  return parent && outcomes[parents.indexOf(parent)];
}
