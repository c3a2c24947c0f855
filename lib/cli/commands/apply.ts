import { failureOf, withoutParent } from './build';
import { buildOne, reportEnd } from './build-one';
import { foldersOf, openHost, openState, type HostCommandOptions } from './host-options';
import { GoldenError } from '../../errors';
import type { BuildOutcome } from '../../ports/events';
import { outermostAssembly, planFileIn } from '../app/assembly';
import { readConfiguration } from '../app/configuration';
import { withParents } from '../app/parents';
import type { ParsedPlan } from '../app/plans';
import { openApplyLog, type ApplyLog } from '../apply/apply-log';
import { optionIn } from '../apply/calling-process';
import { failureText, hintOf } from '../apply/failure-text';
import { writeReceipt } from '../apply/receipt';
import { buildInOrder } from '../build-order';
import { exitCodeOf, EXIT_CODES } from '../exit-codes';
import { reportFailure } from '../failure';
import type { Surroundings } from '../surroundings';

export interface ApplyOptions extends Pick<HostCommandOptions, 'profile' | 'roleArn' | 'state' | 'stagingBucket' | 'output'> {
  /** Path of the plan's file, in its assembly. */
  readonly plan: string;
  readonly anyEnvironment?: boolean;
  readonly newerSource?: boolean;
  /** Parameter that is to name the image from now on, where it is there. */
  readonly alias?: string;
}

/**
 * What `cdk deploy` runs for an image: builds it where that is needed, and prints the path of a receipt, nothing else. What went
 * wrong goes to where the CDK prints it.
 */
export async function applyCommand(options: ApplyOptions, surroundings: Surroundings): Promise<number> {
  let log: ApplyLog | undefined;
  let profile: string | undefined;
  try {
    const assembly = outermostAssembly(options.plan);
    log = openApplyLog(options.plan, { assembly, ...foldersOf(options, surroundings) }, surroundings.terminal?.());
    const plans = withParents(planFileIn(assembly, options.plan), assembly);
    if (!options.anyEnvironment) { plans.forEach(refuseAnyEnvironment); }
    profile = options.profile ?? await profileOf(surroundings);
    const outcomes = await build(plans, { ...options, profile }, log, surroundings);
    if (outcomes.some((outcome) => failureOf(outcome).length > 0)) {
      surroundings.stderr.write(`${failureText(plans, outcomes, log, profile)}\n`);
      return exitCodeOf(outcomes.flatMap(failureOf)) === EXIT_CODES.interrupted ? EXIT_CODES.interrupted : 1;
    }
    const [{ plan }] = plans;
    surroundings.stdout.write(`${writeReceipt(foldersOf(options, surroundings).stateFolder, plan, outcomes[0].artifact!.id)}\n`);
    return EXIT_CODES.success;
  } catch (error) {
    // The CDK writes its own words before it, on the same line.
    surroundings.stderr.write('not built\n\n');
    const told = GoldenError.is(error) && hintOf(error, profile) !== error.hint
      ? new GoldenError(error.code, error.message, { ...error, hint: hintOf(error, profile), cause: error }) : error;
    const exitCode = reportFailure(told, surroundings, ['apply', '--plan', options.plan]);
    if (log) { surroundings.stderr.write(`All of it: ${log.path}\n`); }
    return exitCode === EXIT_CODES.interrupted ? exitCode : 1;
  }
}

/** Builds an image, its parents before it; one outcome for each. */
async function build(plans: readonly ParsedPlan[], options: ApplyOptions, log: ApplyLog, surroundings: Surroundings): Promise<BuildOutcome[]> {
  const { newerSource = false, alias } = options;
  const asked = { ...options, host: 'ec2', onError: 'cleanup' } as const;
  const wired = await openHost(asked, surroundings);
  const state = await openState(options, surroundings);
  const outcomes = await buildInOrder(plans, {
    parallel: plans.length,
    build: (plan, parent) => buildOne(plan, { options: asked, wired, state, reporter: log }, {
      useCache: true, bootTest: false, newerSource, parentKey: parent?.buildKey,
    }, surroundings),
    withoutParent: (plan, parent, outcome) => reportEnd(log, surroundings, plan.plan.image, withoutParent(plan, parent, outcome)),
  });
  const [{ artifact }] = outcomes;
  if (alias !== undefined && artifact) { log.write(await wired.alias!(plans[0].plan, alias, artifact.id)); }
  return outcomes;
}

/** As the CDK has it: its command line, then cdk.json of the project, then that of the user. The environment's is known anyway. */
async function profileOf({ folder, environment, callingArguments }: Surroundings): Promise<string | undefined> {
  return optionIn(await callingArguments?.() ?? [], 'profile') ?? readConfiguration(folder, environment.HOME).profile;
}

function refuseAnyEnvironment({ plan: { image, target } }: ParsedPlan): void {
  if (target.account !== undefined && target.region !== undefined) { return; }
  throw new GoldenError('no-environment', 'Its stack does not say which account and region it is for, so nothing was built', {
    kind: 'invalid',
    path: image,
    hint: 'Give the stack its env: { account, region }, or allow whatever the credentials are for: Delivery.onDeploy({ anyEnvironment: true }).',
  });
}
