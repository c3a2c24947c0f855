import { stagingRemovalStatements, stagingStatements, stateStatements } from './bucket-statements';
import { BUILDER_POLICY } from './builder-role';
import { captureStatements, cleaningStatements, launchStatements, readStatements, removalStatements, sharingStatements } from './ec2-statements';
import { wantedRegions } from './regions';
import { consumerStatements, keyStatements, parameterStatements, passRoleStatements, sessionStatements, shellStatements, valueStatements } from './service-statements';
import { isManaged, policyDocument, type PolicyScope, type Statement } from './statement';
import type { Plan } from '../plan/model';

/** An IAM policy document, and whom it is for. */
export interface RolePolicy {
  /** `build role`, `instance role`, `destroy role`, `shell`. */
  readonly name: string;
  readonly document: object;
}

/** What policies are for, but for what follows from the plans. */
export type PolicyPlace = Pick<PolicyScope, 'account' | 'partition' | 'state' | 'stagingBucket'>;

/** The scope of plans that are built in these regions, each in its own. */
export function policyScope(plans: readonly Plan[], homes: readonly string[], place: PolicyPlace): PolicyScope {
  const regions = [...new Set([...homes, ...plans.flatMap((plan, index) => wantedRegions(plan, homes[index]).map(({ region }) => region))])].sort();
  return { plans, homes: [...new Set(homes)].sort(), homeOf: (plan) => homes[plans.indexOf(plan)], regions, ...place };
}

/**
 * Policies for who builds these plans, for their machines, for who removes their images, and for what builds with people at them need
 * besides: what these plans need, and nothing else.
 */
export function rolePolicies(scope: PolicyScope): readonly RolePolicy[] {
  const shell = shellStatements(scope);
  const hasManagedRole = scope.plans.some((plan) => isManaged(plan) && !plan.builder.instanceProfile);
  return [
    { name: 'build role', document: policyDocument(buildStatements(scope)) },
    ...hasManagedRole ? [{ name: 'instance role', document: BUILDER_POLICY }] : [],
    { name: 'destroy role', document: policyDocument(destroyStatements(scope)) },
    ...shell.length > 0 ? [{ name: 'shell', document: policyDocument(shell) }] : [],
  ];
}

/** What building asks for, and cleaning up after builds that died. */
export function buildStatements(scope: PolicyScope): Statement[] {
  return Object.values(buildGroups(scope)).flat();
}

/** The same in groups, for policies that may not be long. */
export function buildGroups(scope: PolicyScope): { readonly [group in 'machines' | 'images' | 'cleaning' | 'values']: readonly Statement[] } {
  return {
    machines: [...readStatements(scope), ...launchStatements(scope)],
    images: [...captureStatements(scope), ...sharingStatements(scope)],
    cleaning: cleaningStatements(scope),
    values: [
      ...parameterStatements(scope),
      ...consumerStatements(scope),
      ...valueStatements(scope),
      ...sessionStatements(scope),
      ...stagingStatements(scope),
      ...stateStatements(scope),
      ...passRoleStatements(scope),
      ...keyStatements(scope),
    ],
  };
}

/** What `golden gc` asks, and `golden destroy`, which looks who still uses an image. */
export function destroyStatements(scope: PolicyScope): Statement[] {
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
