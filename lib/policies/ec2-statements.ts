import { ec2Arns, isManaged, TAGGED, TAGGED_BY_REQUEST, type PolicyScope, type Statement } from './statement';
import type { Plan } from '../plan/model';

/** EC2 restricts what is described by nothing but the region. */
export function readStatements(scope: PolicyScope): Statement[] {
  return [{
    Sid: 'Look',
    Effect: 'Allow',
    Action: [
      'ec2:DescribeImageAttribute', 'ec2:DescribeImages', 'ec2:DescribeInstances', 'ec2:DescribeNetworkInterfaces', 'ec2:DescribeSecurityGroups',
      'ec2:DescribeSnapshotAttribute', 'ec2:DescribeSnapshots', 'ec2:DescribeSpotInstanceRequests', 'ec2:DescribeSubnets', 'ec2:DescribeVolumes',
      'ec2:DescribeVpcs',
    ],
    Resource: '*',
    Condition: { StringEquals: { 'aws:RequestedRegion': scope.regions } },
  }, {
    Sid: 'KnowTheAccount', Effect: 'Allow', Action: 'sts:GetCallerIdentity', Resource: '*',
  }];
}

/** Machines, and the groups that they are in. */
export function launchStatements(scope: PolicyScope): Statement[] {
  const { plans, homes } = scope;
  const usesSpot = plans.some(({ builder }) => builder.spot);
  const isOpen = plans.some((plan) => !isManaged(plan));
  return [
    {
      Sid: 'LaunchTagged',
      Effect: 'Allow',
      Action: 'ec2:RunInstances',
      Resource: ec2Arns(scope, homes, 'instance', 'volume', 'network-interface', ...usesSpot ? ['spot-instances-request'] : []),
      Condition: TAGGED_BY_REQUEST,
    },
    {
      Sid: 'LaunchFrom',
      Effect: 'Allow',
      Action: 'ec2:RunInstances',
      Resource: ec2Arns(scope, homes, 'image', 'snapshot', 'subnet', 'security-group', ...plans.some(usesKeyPair) ? ['key-pair'] : [],
        ...plans.some(({ builder }) => builder.placement?.groupName) ? ['placement-group'] : []),
    },
    ...usesSpot ? [{
      Sid: 'FirstUseOfSpot',
      Effect: 'Allow' as const,
      Action: 'iam:CreateServiceLinkedRole',
      Resource: `arn:${scope.partition}:iam::${scope.account}:role/aws-service-role/spot.amazonaws.com/AWSServiceRoleForEC2Spot`,
      Condition: { StringEquals: { 'iam:AWSServiceName': 'spot.amazonaws.com' } },
    }] : [],
    {
      Sid: 'ControlOurMachines',
      Effect: 'Allow',
      Action: ['ec2:ModifyInstanceAttribute', 'ec2:StopInstances', 'ec2:TerminateInstances'],
      Resource: ec2Arns(scope, homes, 'instance'),
      Condition: TAGGED,
    },
    { Sid: 'LeaveGroups', Effect: 'Allow', Action: 'ec2:ModifyInstanceAttribute', Resource: ec2Arns(scope, homes, 'security-group') },
    { Sid: 'MakeGroupsTagged', Effect: 'Allow', Action: 'ec2:CreateSecurityGroup', Resource: ec2Arns(scope, homes, 'security-group'), Condition: TAGGED_BY_REQUEST },
    { Sid: 'MakeGroupsIn', Effect: 'Allow', Action: 'ec2:CreateSecurityGroup', Resource: ec2Arns(scope, homes, 'vpc') },
    {
      Sid: 'ControlOurGroups',
      Effect: 'Allow',
      Action: [...isOpen ? ['ec2:AuthorizeSecurityGroupIngress'] : [], 'ec2:DeleteSecurityGroup'],
      Resource: ec2Arns(scope, homes, 'security-group'),
      Condition: TAGGED,
    },
  ];
}

/** Images, their snapshots and copies, and the tags of all. */
export function captureStatements(scope: PolicyScope): Statement[] {
  const { plans, homes, regions } = scope;
  const registers = plans.some(({ definition }) => definition.machine.bootMode !== undefined);
  const copies = regions.filter((region) => plans.some(({ delivery }) => delivery.regions.some((each) => each.region === region)));
  const making = ['RunInstances', 'CreateSecurityGroup', 'CreateImage', ...registers ? ['CreateSnapshot', 'RegisterImage'] : [], ...copies.length > 0 ? ['CopyImage'] : []];
  return [
    { Sid: 'CaptureOurMachines', Effect: 'Allow', Action: 'ec2:CreateImage', Resource: ec2Arns(scope, homes, 'instance'), Condition: TAGGED },
    { Sid: 'CaptureTagged', Effect: 'Allow', Action: 'ec2:CreateImage', Resource: ec2Arns(scope, homes, 'image', 'snapshot'), Condition: TAGGED_BY_REQUEST },
    ...registers ? [
      { Sid: 'SnapshotOurVolumes', Effect: 'Allow' as const, Action: 'ec2:CreateSnapshot', Resource: ec2Arns(scope, homes, 'volume'), Condition: TAGGED },
      { Sid: 'SnapshotTagged', Effect: 'Allow' as const, Action: 'ec2:CreateSnapshot', Resource: ec2Arns(scope, homes, 'snapshot'), Condition: TAGGED_BY_REQUEST },
      { Sid: 'RegisterTagged', Effect: 'Allow' as const, Action: 'ec2:RegisterImage', Resource: ec2Arns(scope, homes, 'image'), Condition: TAGGED_BY_REQUEST },
      { Sid: 'RegisterFrom', Effect: 'Allow' as const, Action: 'ec2:RegisterImage', Resource: ec2Arns(scope, homes, 'snapshot'), Condition: TAGGED },
    ] : [],
    // What is copied and what comes of it are the same kind of thing to IAM: a condition on the one would hold for the other.
    ...copies.length > 0 ? [{ Sid: 'Copy', Effect: 'Allow' as const, Action: 'ec2:CopyImage', Resource: ec2Arns(scope, regions, 'image', 'snapshot') }] : [],
    {
      Sid: 'TagWhatIsMade',
      Effect: 'Allow',
      Action: 'ec2:CreateTags',
      Resource: ec2Arns(scope, regions, '*').concat(ec2Arns(scope, regions, 'image', 'snapshot')),
      Condition: { StringEquals: { 'ec2:CreateAction': making } },
    },
    {
      Sid: 'TagWhatIsOurs',
      Effect: 'Allow',
      Action: ['ec2:CreateTags', 'ec2:DeleteTags'],
      Resource: ec2Arns(scope, regions, '*').concat(ec2Arns(scope, regions, 'image', 'snapshot')),
      Condition: TAGGED,
    },
  ];
}

/** What an image is to others: who may launch it, until when, and how. */
export function sharingStatements(scope: PolicyScope): Statement[] {
  const { plans, regions } = scope;
  const isPublic = plans.some(({ delivery }) => delivery.sharing.public);
  const isPlain = plans.some(({ delivery: { sharing, encryption } }) => !encryption.encrypted && (
    sharing.public || [...sharing.accounts, ...sharing.organizations, ...sharing.organizationalUnits].length > 0
  ));
  return [
    {
      Sid: 'SettleOurImages',
      Effect: 'Allow',
      // What one delivery asked for, the next takes back.
      Action: [
        'ec2:DisableImageDeprecation', 'ec2:DisableImageDeregistrationProtection',
        ...plans.some(({ delivery }) => delivery.deprecateAfterDays !== undefined) ? ['ec2:EnableImageDeprecation'] : [],
        ...plans.some(({ delivery }) => delivery.deregistrationProtection) ? ['ec2:EnableImageDeregistrationProtection'] : [],
        'ec2:ModifyImageAttribute',
      ],
      Resource: ec2Arns(scope, regions, 'image'),
      Condition: TAGGED,
    },
    { Sid: 'ShareOurSnapshots', Effect: 'Allow', Action: 'ec2:ModifySnapshotAttribute', Resource: ec2Arns(scope, regions, 'snapshot'), Condition: TAGGED },
    ...isPublic ? [{
      Sid: 'SeeWhetherPublicImagesAreBlocked',
      Effect: 'Allow' as const,
      Action: 'ec2:GetImageBlockPublicAccessState',
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestedRegion': regions } },
    }] : [],
    ...isPlain ? [{
      Sid: 'SeeWhetherVolumesAreEncrypted',
      Effect: 'Allow' as const,
      Action: ['ec2:GetEbsDefaultKmsKeyId', 'ec2:GetEbsEncryptionByDefault'],
      Resource: '*',
      Condition: { StringEquals: { 'aws:RequestedRegion': regions } },
    }] : [],
  ];
}

/** Machines of builds that died, and the groups that they were in. */
export function removalStatements(scope: PolicyScope): Statement[] {
  const { regions } = scope;
  return [
    { Sid: 'EndOurMachines', Effect: 'Allow', Action: 'ec2:TerminateInstances', Resource: ec2Arns(scope, regions, 'instance'), Condition: TAGGED },
    { Sid: 'RemoveOurGroups', Effect: 'Allow', Action: 'ec2:DeleteSecurityGroup', Resource: ec2Arns(scope, regions, 'security-group'), Condition: TAGGED },
  ];
}

/** What builds that died left behind. */
export function cleaningStatements(scope: PolicyScope): Statement[] {
  const { regions, plans } = scope;
  return [{
    Sid: 'RemoveWhatIsOurs',
    Effect: 'Allow',
    Action: ['ec2:DeleteNetworkInterface', 'ec2:DeleteSnapshot', 'ec2:DeleteVolume', 'ec2:DeregisterImage', 'ec2:DisableImageDeregistrationProtection'],
    Resource: ec2Arns(scope, regions, 'image', 'snapshot', 'volume', 'network-interface'),
    Condition: TAGGED,
  }, ...plans.some(({ builder }) => builder.spot) ? [{
    Sid: 'CancelSpotRequests',
    Effect: 'Allow' as const,
    Action: 'ec2:CancelSpotInstanceRequests',
    Resource: ec2Arns(scope, regions, 'spot-instances-request'),
    Condition: TAGGED,
  }] : []];
}

function usesKeyPair({ builder: { communicator } }: Plan): boolean {
  return communicator.type === 'ssh' && communicator.key?.keyPairName !== undefined;
}
