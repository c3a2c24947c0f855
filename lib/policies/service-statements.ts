import { posix } from 'path';
import { BUILDER_PROFILE } from './builder-role';
import { MANAGED_TAG } from './managed-tag';
import { isManaged, type PolicyScope, type Statement } from './statement';
import type { Plan } from '../plan/model';
import type { LateValue, ValueReference } from '../plan/values';

/** The parameters that images are published in: their names change with the definitions, their folder does not. */
export function parameterStatements({ plans, regions, account, partition }: PolicyScope): Statement[] {
  const folders = [...new Set(plans.map(({ delivery }) => posix.dirname(delivery.parameterName)))].sort();
  return [{
    Sid: 'PublishImages',
    Effect: 'Allow',
    // One that names an image which was not published in the end is taken back.
    Action: ['ssm:AddTagsToResource', 'ssm:DeleteParameter', 'ssm:GetParameter', 'ssm:PutParameter'],
    Resource: regions.flatMap((region) => folders.map((folder) => `arn:${partition}:ssm:${region}:${account}:parameter${folder === '/' ? '' : folder}/*`)),
  }];
}

/** The roles by which an image is published in other accounts. */
export function consumerStatements({ plans, partition }: PolicyScope): Statement[] {
  const roles = plans.flatMap(({ delivery }) => (delivery.consumers ?? []).map(({ account, roleName }) => `arn:${partition}:iam::${account}:role/${roleName}`));
  return allow('PublishElsewhere', 'sts:AssumeRole', roles);
}

/** What the plans refer to: parameters, secrets and outputs of stacks. */
export function valueStatements(scope: PolicyScope): Statement[] {
  const { account, partition, plans, homeOf } = scope;
  const found = plans.flatMap((plan) => referencesOf(plan).flatMap(withNames).map((reference) => ({ reference, region: homeOf(plan) })));
  const parameters = found.flatMap(({ reference, region }) => (reference.type === 'ssm' ? parameterArns(reference.name, region, scope) : []));
  const secrets = found.flatMap(({ reference, region }) => (reference.type === 'secretsManager' ? [secretArn(reference.id, region, scope)] : []));
  const stacks = found.flatMap(({ reference, region }) => (
    reference.type === 'stackOutput' ? [`arn:${partition}:cloudformation:${reference.region ?? region}:${account}:stack/${reference.stack}/*`] : []
  ));
  return [
    ...allow('ReadParameters', 'ssm:GetParameter', parameters),
    ...allow('ReadSecrets', 'secretsmanager:GetSecretValue', secrets),
    ...allow('ReadOutputs', 'cloudformation:DescribeStacks', stacks),
  ];
}

const ON_OURS = { StringEquals: { [`ssm:resourceTag/${MANAGED_TAG}`]: 'true' } };

/** Commands and sessions on our machines. */
export function sessionStatements(scope: PolicyScope): Statement[] {
  const { plans, homes, account, partition } = scope;
  const runsCommands = plans.some(({ builder }) => builder.communicator.type === 'ssm');
  const opensSessions = plans.some(({ builder }) => builder.communicator.type === 'ssh' && builder.communicator.via === 'session-manager');
  const instances = homes.map((region) => `arn:${partition}:ec2:${region}:${account}:instance/*`);
  return [
    ...runsCommands ? [
      { Sid: 'CommandOurMachines', Effect: 'Allow' as const, Action: 'ssm:SendCommand', Resource: instances, Condition: ON_OURS },
      {
        Sid: 'CommandWithShell',
        Effect: 'Allow' as const,
        Action: 'ssm:SendCommand',
        Resource: homes.map((region) => `arn:${partition}:ssm:${region}::document/AWS-RunShellScript`),
      },
      {
        Sid: 'FollowCommands',
        Effect: 'Allow' as const,
        Action: ['ssm:CancelCommand', 'ssm:GetCommandInvocation'],
        Resource: '*',
        Condition: { StringEquals: { 'aws:RequestedRegion': homes } },
      },
    ] : [],
    ...opensSessions ? openSessions(scope, 'OpenSessionsForSsh', 'AWS-StartSSHSession') : [],
  ];
}

/** What `golden shell` asks for besides, where machines are reached over SSM. */
export function shellStatements(scope: PolicyScope): Statement[] {
  return scope.plans.some(({ builder }) => builder.communicator.type === 'ssm') ? openSessions(scope, 'OpenSessionsForShells', 'AWS-StartInteractiveCommand') : [];
}

function openSessions({ homes, account, partition }: PolicyScope, sid: string, document: string): Statement[] {
  return [
    {
      Sid: 'OpenSessions',
      Effect: 'Allow',
      Action: 'ssm:StartSession',
      Resource: homes.map((region) => `arn:${partition}:ec2:${region}:${account}:instance/*`),
      Condition: ON_OURS,
    },
    {
      Sid: sid,
      Effect: 'Allow',
      Action: 'ssm:StartSession',
      Resource: homes.map((region) => `arn:${partition}:ssm:${region}::document/${document}`),
    },
    {
      Sid: 'EndOwnSessions',
      Effect: 'Allow',
      Action: 'ssm:TerminateSession',
      // Users have the one, roles the other.
      Resource: homes.flatMap((region) => ['username', 'userid'].map((who) => `arn:${partition}:ssm:${region}:${account}:session/$\{aws:${who}}-*`)),
    },
  ];
}

/** The role of the machines: the managed one, which is made where it is not there, or the one that is given. */
export function passRoleStatements({ plans, account, partition }: PolicyScope): Statement[] {
  const managed = plans.some((plan) => isManaged(plan) && !plan.builder.instanceProfile);
  const given = plans.some(({ builder }) => builder.instanceProfile);
  if (!managed && !given) { return []; }
  const role = `arn:${partition}:iam::${account}:role/${BUILDER_PROFILE}`;
  return [
    ...managed ? [{
      Sid: 'MakeBuilderRole',
      Effect: 'Allow' as const,
      Action: [
        'iam:AddRoleToInstanceProfile', 'iam:CreateInstanceProfile', 'iam:CreateRole', 'iam:GetInstanceProfile', 'iam:PutRolePolicy', 'iam:TagInstanceProfile',
        'iam:TagRole',
      ],
      Resource: [role, `arn:${partition}:iam::${account}:instance-profile/${BUILDER_PROFILE}`],
    }] : [],
    {
      Sid: 'PassRole',
      Effect: 'Allow',
      Action: 'iam:PassRole',
      // A profile does not say which role it has.
      Resource: given ? `arn:${partition}:iam::${account}:role/*` : role,
      Condition: { StringEquals: { 'iam:PassedToService': ec2Service(partition) } },
    },
  ];
}

/** China has a name of its own. Where the partition is known only when a stack is deployed, it is the one or the other. */
function ec2Service(partition: string): string | readonly string[] {
  if (partition === 'aws-cn') { return 'ec2.amazonaws.com.cn'; }
  return partition.startsWith('aws') ? 'ec2.amazonaws.com' : ['ec2.amazonaws.com', 'ec2.amazonaws.com.cn'];
}

/** Keys of the customer; with those of the account, EC2 lets everybody work who may use EBS. */
export function keyStatements(scope: PolicyScope): Statement[] {
  const { plans, homeOf } = scope;
  const keys = plans.flatMap((plan) => [
    ...plan.delivery.encryption.key ? [{ key: plan.delivery.encryption.key, region: homeOf(plan) }] : [],
    ...plan.delivery.regions.flatMap(({ encryptionKey, region }) => (encryptionKey ? [{ key: encryptionKey, region }] : [])),
  ]);
  return keys.flatMap(({ key, region }, index): Statement[] => {
    const { Resource, byAlias } = keyResource(key, region, scope);
    const ViaEc2 = { 'kms:ViaService': `ec2.${region}.amazonaws.com`, ...byAlias && { 'kms:RequestAlias': byAlias } };
    return [{
      Sid: `UseKey${index}`,
      Effect: 'Allow',
      Action: ['kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*'],
      Resource,
      Condition: { StringEquals: ViaEc2 },
    }, {
      Sid: `GrantKey${index}`, Effect: 'Allow', Action: 'kms:CreateGrant', Resource, Condition: { Bool: { 'kms:GrantIsForAWSResource': 'true' } },
    }];
  });
}

/** Keys are named by ARN, ID or alias; or only known when the image is built. */
function keyResource(key: LateValue, region: string, { account, partition }: PolicyScope): { readonly Resource: string; readonly byAlias?: string } {
  const anyKey = `arn:${partition}:kms:${region}:${account}:key/*`;
  if (key.type !== 'literal') { return { Resource: anyKey }; }
  if (/^arn:[^:]+:kms:[^:]+:\d+:key\//.test(key.value)) { return { Resource: key.value }; }
  if (!key.value.includes('alias/')) { return { Resource: `arn:${partition}:kms:${region}:${account}:key/${key.value}` }; }
  return { Resource: anyKey, byAlias: key.value.slice(key.value.indexOf('alias/')) };
}

/** All that is read while the plan is built. */
function referencesOf({ definition, builder, delivery }: Plan): readonly ValueReference[] {
  const { source, parameters, secrets } = definition;
  const { network, instanceProfile } = builder;
  const late = [
    instanceProfile, network.vpc, ...network.subnets ?? [], ...network.securityGroups ?? [], delivery.encryption.key,
    ...delivery.regions.map(({ encryptionKey }) => encryptionKey),
  ];
  return [
    ...Object.values(parameters).map(({ from }) => from),
    ...Object.values(secrets).map(({ from }) => from),
    ...late.flatMap((value) => (value && value.type !== 'literal' ? [value] : [])),
    ...source.type === 'ssm' ? [{ type: 'ssm', name: source.parameter } as const] : [],
  ];
}

/** What is named by an output of a stack has any name until it is read. */
function withNames(reference: ValueReference): readonly ValueReference[] {
  if (reference.type !== 'namedByOutput') { return [reference]; }
  return [reference.id, reference.service === 'ssm' ? { type: 'ssm', name: '/*' } : { type: 'secretsManager', id: '*' }];
}

/** Those of AWS are of no account. */
function parameterArns(name: string, region: string, { account, partition }: PolicyScope): readonly string[] {
  const path = name.startsWith('arn:') ? undefined : name.startsWith('/') ? name : `/${name}`;
  if (path === undefined) { return [name]; }
  return [`arn:${partition}:ssm:${region}:${path.startsWith('/aws/service/') ? '' : account}:parameter${path}`];
}

/** The ARN of a secret ends with six characters that its name does not say. */
function secretArn(id: string, region: string, { account, partition }: PolicyScope): string {
  return id.startsWith('arn:') ? id : `arn:${partition}:secretsmanager:${region}:${account}:secret:${id}-??????`;
}

function allow(Sid: string, Action: string, resources: readonly string[]): Statement[] {
  return resources.length === 0 ? [] : [{ Sid, Effect: 'Allow', Action, Resource: [...new Set(resources)].sort() }];
}
