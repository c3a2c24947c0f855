import type { Cloud } from './cloud';
import { wantedRegions } from './copies';
import { BUILDER_POLICY } from './instance-profile';
import { stagingRemovalStatements, stagingStatements, stateStatements } from './policy-buckets';
import { captureStatements, cleaningStatements, launchStatements, readStatements, removalStatements, sharingStatements } from './policy-ec2';
import { keyStatements, parameterStatements, passRoleStatements, sessionStatements, valueStatements } from './policy-services';
import { isManaged, policyDocument, type PolicyScope, type Statement } from './policy-statement';
import { partitionOf } from './target-guard';
import type { Plan } from '../../plan/model';
import type { NamedPolicy, PolicyPlaces } from '../../ports/host';

/** Policies for who builds these plans, for their machines, and for who removes their images: what these plans need, and nothing else. */
export async function buildPolicies(cloud: Cloud, plans: readonly Plan[], places: PolicyPlaces = {}): Promise<readonly NamedPolicy[]> {
  const scope = await scopeOf(cloud, plans, places);
  const build: Statement[] = [
    ...readStatements(scope),
    ...launchStatements(scope),
    ...captureStatements(scope),
    ...sharingStatements(scope),
    ...cleaningStatements(scope),
    ...parameterStatements(scope),
    ...valueStatements(scope),
    ...sessionStatements(scope),
    ...stagingStatements(scope),
    ...stateStatements(scope),
    ...passRoleStatements(scope),
    ...keyStatements(scope),
  ];
  const hasManagedRole = plans.some((plan) => isManaged(plan) && !plan.builder.instanceProfile);
  return [
    { name: 'build role', document: policyDocument(build) },
    ...hasManagedRole ? [{ name: 'instance role', document: BUILDER_POLICY }] : [],
    { name: 'destroy role', document: policyDocument(destroyStatements(scope)) },
  ];
}

async function scopeOf(cloud: Cloud, plans: readonly Plan[], places: PolicyPlaces): Promise<PolicyScope> {
  const homes = await Promise.all(plans.map((plan) => cloud.regionOf(plan)));
  const regions = [...new Set([...homes, ...plans.flatMap((plan, index) => wantedRegions(plan, homes[index]).map(({ region }) => region))])].sort();
  const { account, partition } = await accountOf(cloud, plans, homes[0]);
  return { plans, homes: [...new Set(homes)].sort(), homeOf: (plan) => homes[plans.indexOf(plan)], regions, account, partition, ...places };
}

/** Policies can be printed where there are no credentials, too: for the account of the plans, or for whichever they are used in. */
async function accountOf(cloud: Cloud, plans: readonly Plan[], region: string | undefined): Promise<Pick<PolicyScope, 'account' | 'partition'>> {
  const accounts = [...new Set(plans.flatMap(({ target }) => target.account ?? []))];
  const partition = region === undefined ? 'aws' : partitionOf(region);
  if (accounts.length > 0) { return { account: accounts.length === 1 ? accounts[0] : '*', partition }; }
  if (region === undefined) { return { account: '*', partition }; }
  return cloud.clients.callerIdentity(region).catch(() => ({ account: '*', partition }));
}

/** What `golden gc` asks, and `golden destroy`, which looks who still uses an image. */
function destroyStatements(scope: PolicyScope): Statement[] {
  const { regions } = scope;
  return [
    ...readStatements(scope),
    ...cleaningStatements(scope),
    ...removalStatements(scope),
    ...parameterStatements(scope),
    ...stagingRemovalStatements(scope),
    ...stateStatements(scope),
    {
      Sid: 'SeeWhoUsesImages',
      Effect: 'Allow',
      Action: [
        'autoscaling:DescribeAutoScalingGroups', 'autoscaling:DescribeLaunchConfigurations', 'cloudformation:DescribeStacks',
        'cloudformation:GetTemplate', 'ec2:DescribeLaunchTemplateVersions', 'ec2:DescribeLaunchTemplates',
      ],
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestedRegion': [...regions] } },
    },
  ];
}
