import type { ConformanceEntry } from './entry';

type By = ConformanceEntry['by'];
type Actions = { readonly [action: string]: readonly [by: By, behaviour: string] };

const entries = (service: string, source: string, actions: Actions): ConformanceEntry[] => (
  Object.entries(actions).map(([action, [by, behaviour]]) => ({ service, action, behaviour, source: `${source}/API_${action}.html`, by }))
);

export const OTHER_ENTRIES: readonly ConformanceEntry[] = [
  ...entries('sts', 'https://docs.aws.amazon.com/STS/latest/APIReference', {
    GetCallerIdentity: ['moto', 'account, user and ARN; no permission needed'],
    AssumeRole: ['overlay', 'credentials with an end, after which every call is refused as expired'],
  }),
  ...entries('iam', 'https://docs.aws.amazon.com/IAM/latest/APIReference', {
    CreateRole: ['moto', 'EntityAlreadyExists for a name in use'],
    GetRole: ['moto', 'NoSuchEntity'],
    DeleteRole: ['moto', 'DeleteConflict while a profile has it'],
    PutRolePolicy: ['moto', 'an inline policy'],
    GetRolePolicy: ['moto', 'NoSuchEntity'],
    DeleteRolePolicy: ['moto', 'NoSuchEntity'],
    ListRolePolicies: ['moto', 'names'],
    ListAttachedRolePolicies: ['moto', 'managed policies'],
    TagRole: ['moto', 'tags of a role'],
    ListRoles: ['moto', 'in pages'],
    CreateInstanceProfile: ['overlay', 'EntityAlreadyExists; EC2 takes it only after a while'],
    GetInstanceProfile: ['moto', 'with its role'],
    DeleteInstanceProfile: ['moto', 'DeleteConflict while it has a role'],
    AddRoleToInstanceProfile: ['overlay', 'one role; LimitExceeded for another one'],
    RemoveRoleFromInstanceProfile: ['moto', 'NoSuchEntity'],
    ListInstanceProfiles: ['moto', 'in pages'],
    ListInstanceProfilesForRole: ['moto', 'those that have it'],
  }),
  ...entries('s3', 'https://docs.aws.amazon.com/AmazonS3/latest/API', {
    CreateBucket: ['moto', 'BucketAlreadyOwnedByYou outside us-east-1'],
    HeadBucket: ['moto', '404 without a body'],
    DeleteBucket: ['moto', 'BucketNotEmpty'],
    ListBuckets: ['moto', 'all of the account'],
    GetBucketLocation: ['moto', 'its region'],
    PutPublicAccessBlock: ['moto', 'four switches'],
    GetPublicAccessBlock: ['moto', 'four switches'],
    PutBucketEncryption: ['moto', 'default encryption'],
    GetBucketEncryption: ['moto', 'default encryption'],
    PutBucketLifecycleConfiguration: ['moto', 'rules of expiry'],
    GetBucketLifecycleConfiguration: ['moto', 'rules of expiry'],
    PutBucketTagging: ['moto', 'tags of a bucket'],
    GetBucketTagging: ['moto', 'NoSuchTagSet'],
    PutObject: ['overlay', 'If-None-Match: * and If-Match are kept: 412 PreconditionFailed; presigned too'],
    GetObject: ['moto', 'NoSuchKey; ranges; presigned too'],
    HeadObject: ['moto', '404 without a body'],
    DeleteObject: ['overlay', 'one that is not there is no error; If-Match is kept'],
    DeleteObjects: ['moto', 'many at once'],
    ListObjectsV2: ['moto', 'by prefix, in pages'],
    ListObjects: ['moto', 'by prefix, in pages'],
    ListObjectVersions: ['moto', 'one of each object where versions are not kept'],
    CreateMultipartUpload: ['moto', 'an upload ID'],
    UploadPart: ['moto', 'an ETag'],
    CompleteMultipartUpload: ['overlay', 'If-None-Match: * is kept'],
    AbortMultipartUpload: ['moto', 'drops the parts'],
    ListParts: ['moto', 'what has arrived'],
  }),
  ...entries('secretsmanager', 'https://docs.aws.amazon.com/secretsmanager/latest/apireference', {
    CreateSecret: ['moto', 'ResourceExistsException'],
    GetSecretValue: ['moto', 'ResourceNotFoundException; the version ID comes with it'],
    PutSecretValue: ['moto', 'a new version'],
    DescribeSecret: ['moto', 'versions and stages'],
    DeleteSecret: ['moto', 'at once where forced'],
  }),
  ...entries('kms', 'https://docs.aws.amazon.com/kms/latest/APIReference', {
    CreateKey: ['moto', 'a customer key'],
    DescribeKey: ['moto', 'by ID, ARN or alias; NotFoundException'],
    CreateAlias: ['moto', 'a name for a key'],
    ListAliases: ['moto', 'names'],
    CreateGrant: ['moto', 'lets another principal use a key'],
    ListGrants: ['moto', 'of a key'],
  }),
  ...entries('autoscaling', 'https://docs.aws.amazon.com/autoscaling/ec2/APIReference', {
    CreateAutoScalingGroup: ['moto', 'with a launch template'],
    DescribeAutoScalingGroups: ['moto', 'with the template or configuration that each uses'],
    DeleteAutoScalingGroup: ['moto', 'with its instances where forced'],
    CreateLaunchConfiguration: ['moto', 'names an image'],
    DescribeLaunchConfigurations: ['moto', 'with the image that each names'],
    DeleteLaunchConfiguration: ['moto', 'once no group uses it'],
  }),
];
