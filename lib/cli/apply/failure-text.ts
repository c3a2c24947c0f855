import type { ApplyLog } from './apply-log';
import { formatFault } from '../../errors';
import type { BuildOutcome } from '../../ports/events';
import type { ParsedPlan } from '../app/plans';
import { outcomeLines } from '../reporting/event-lines';
import { harmlessLine } from '../reporting/terminal-text';

type Failure = NonNullable<BuildOutcome['error']>;

/** Errors whose cause is that the credentials are none, or others than the deployment's. */
const OF_CREDENTIALS: ReadonlySet<string> = new Set([
  'no-credentials', 'expired-credentials', 'invalid-credentials', 'wrong-account', 'wrong-partition',
]);

/** How an image ended that was not built, for where the CDK prints it: why, what to do, the last lines of its output. */
export function failureText(plans: readonly ParsedPlan[], outcomes: readonly BuildOutcome[], log: ApplyLog, profile: string | undefined): string {
  const ends = plans.map(({ plan }, i) => ({ image: plan.image, outcome: outcomes[i] }));
  const failed = ends.filter(({ outcome }) => outcome.status === 'failed' || outcome.status === 'interrupted');
  // An image whose parent failed says no more than that; the parent says why.
  const { image, outcome } = failed.find((each) => each.outcome.error?.code !== 'parent-failed') ?? failed[0];
  const { error } = outcome;
  const reason = error ? formatFault({ ...error, path: error.path ?? image, hint: hintOf(error, profile) }) : `${image}: ${outcomeLines(outcome)[0]}`;
  const others = failed.filter((each) => each.image !== image).map((each) => each.outcome.error).flatMap((each) => (each ? formatFault(each) : []));
  const output = log.outputOf(image);
  return [
    // The CDK writes its own words before it, on the same line, and cuts white space off.
    'not built', '', reason, ...others,
    ...output.length > 0 ? ['The last lines of its output:', ...output.map((line) => `  ${line}`)] : [],
    `All of it: ${log.path}`,
  ].flatMap((text) => text.split('\n')).map(harmlessLine).join('\n');
}

/** What to do, by the way that credentials take to this process: the CDK keeps those of a profile to itself. */
export function hintOf({ code, hint }: Pick<Failure, 'code' | 'hint'>, profile: string | undefined): string | undefined {
  if (!OF_CREDENTIALS.has(code)) { return hint; }
  const way = `Credentials of cdk deploy --profile do not reach the build. Type: AWS_PROFILE=${profile ?? 'NAME'} cdk deploy ...`;
  const role = 'Where the CDK deploys with roles into another account, name one that may build there: Delivery.onDeploy({ buildRoleArn }).';
  return [way, ...code.startsWith('wrong-') ? [role] : [], ...hint === undefined ? [] : [hint]].join('\n    ');
}
