import type { ConformanceEntry } from './entry';

type Actions = { readonly [action: string]: string };

const entries = (by: ConformanceEntry['by'], service: string, source: string, actions: Actions): ConformanceEntry[] => (
  Object.entries(actions).map(([action, behaviour]) => ({ service, action, behaviour, source: `${source}/API_${action}.html`, by }))
);

/** Stacks, and what their templates make besides machines. */
export const STACK_ENTRIES: readonly ConformanceEntry[] = [
  ...entries('overlay', 'cloudformation', 'https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference', {
    CreateStack: 'makes what the template names, each resource after those that it needs; AlreadyExistsException; rolled back where one fails',
    UpdateStack: 'changes or replaces what differs, removes the rest last; "No updates are to be performed."; rolled back where one fails',
    DeleteStack: 'removes what it made but for what is to be kept; one that is not there is no error; termination protection; exports in use',
    RollbackStack: 'takes a stack back that failed without a rollback',
    ContinueUpdateRollback: 'tries a rollback again that failed',
    DescribeStacks: 'parameters with what Parameter Store had, outputs, status with its reason',
    DescribeStackResource: 'with its metadata',
    DescribeStackResources: 'physical IDs; also by the physical ID of one',
    ListStackResources: 'physical IDs',
    ListStacks: 'deleted ones too',
    GetTemplate: 'the template as it was given; of a change set, too',
    GetTemplateSummary: 'parameters and types of resources',
    ValidateTemplate: 'parameters and capabilities',
    CreateChangeSet: 'reads Parameter Store: a changed value alone is a change, and one that is not there a ValidationError; FAILED where nothing changes',
    DescribeChangeSet: 'changes with replacement and its causes; ChangeSetNotFound',
    ExecuteChangeSet: 'carries it out, and drops the others of the stack',
    DeleteChangeSet: 'one that is not there is no error',
    ListChangeSets: 'of a stack',
    DescribeStackEvents: 'newest first; each failure with its reason',
    DescribeEvents: 'newest first, with the kind of each',
    ListExports: 'of account and region',
    ListImports: 'stacks that use an export',
    ListHookResults: 'there are no hooks',
    UpdateTerminationProtection: 'on or off',
  }),
  ...entries('moto', 'ec2', 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference', {
    ModifyVpcAttribute: 'names of hosts',
    CreateRouteTable: 'of a VPC',
    DeleteRouteTable: 'once nothing is associated with it',
    AssociateRouteTable: 'with a subnet',
    DisassociateRouteTable: 'from a subnet',
    CreateRoute: 'to a gateway',
    ReplaceRoute: 'to another gateway',
    DeleteRoute: 'by its destination',
    CreateInternetGateway: 'without a VPC yet',
    DeleteInternetGateway: 'once it is detached',
    AttachInternetGateway: 'to one VPC',
    DetachInternetGateway: 'Gateway.NotAttached',
    DescribeInternetGateways: 'with their VPCs',
    DescribeVpnGateways: 'with their VPCs',
  }),
  ...entries('moto', 'autoscaling', 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference', {
    UpdateAutoScalingGroup: 'another launch template, other sizes',
  }),
  ...entries('moto', 'iam', 'https://docs.aws.amazon.com/IAM/latest/APIReference', {
    UpdateAssumeRolePolicy: 'who may act in a role',
    UpdateRole: 'its description and how long sessions last',
    AttachRolePolicy: 'a managed policy',
    DetachRolePolicy: 'NoSuchEntity',
    CreatePolicy: 'EntityAlreadyExists for a name in use',
    DeletePolicy: 'once nobody has it',
    CreatePolicyVersion: 'five at most',
    DeletePolicyVersion: 'not the default one',
    ListPolicyVersions: 'with the default one',
  }),
  ...entries('moto', 's3', 'https://docs.aws.amazon.com/AmazonS3/latest/API', {
    PutBucketVersioning: 'enabled or suspended',
    GetBucketVersioning: 'enabled or suspended',
    PutBucketPolicy: 'a policy of the bucket',
    GetBucketPolicy: 'NoSuchBucketPolicy',
    DeleteBucketPolicy: 'none is no error',
    PutBucketOwnershipControls: 'who owns objects',
  }),
  ...entries('moto', 'kms', 'https://docs.aws.amazon.com/kms/latest/APIReference', {
    PutKeyPolicy: 'who may use a key',
    EnableKeyRotation: 'once a year',
    ScheduleKeyDeletion: 'after 7 to 30 days',
    UpdateAlias: 'to another key',
    DeleteAlias: 'NotFoundException',
  }),
  ...entries('moto', 'secretsmanager', 'https://docs.aws.amazon.com/secretsmanager/latest/apireference', {
    GetRandomPassword: 'of the asked length',
  }),
  ...entries('moto', 'ecr', 'https://docs.aws.amazon.com/AmazonECR/latest/APIReference', {
    CreateRepository: 'RepositoryAlreadyExistsException',
    DescribeRepositories: 'RepositoryNotFoundException',
    DeleteRepository: 'once it is empty',
    PutLifecyclePolicy: 'which images go',
    SetRepositoryPolicy: 'who may pull',
  }),
];
