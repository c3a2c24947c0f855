import { managedBucketName, STAGING_PREFIX } from './bucket-names';
import type { PolicyScope, Statement } from './statement';

/** The managed buckets or the user's, where something may be too big for a command. */
export function stagingStatements(scope: PolicyScope): Statement[] {
  const { managed, given } = buckets(scope);
  const removal = stagingRemovalStatements(scope);
  if (!scope.plans.some(({ builder }) => builder.communicator.type === 'ssm')) { return removal; }
  return [...removal, ...given.length > 0 ? [] : [{
    Sid: 'MakeStagingBucket',
    Effect: 'Allow' as const,
    Action: ['s3:CreateBucket', 's3:PutBucketPublicAccessBlock', 's3:PutBucketTagging', 's3:PutEncryptionConfiguration', 's3:PutLifecycleConfiguration'],
    Resource: managed,
  }], {
    Sid: 'Stage', Effect: 'Allow', Action: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'], Resource: objects(given.length > 0 ? given : managed),
  }];
}

/** What dead builds left in the buckets that they used: those of all regions that garbage is looked for in. */
export function stagingRemovalStatements(scope: PolicyScope): Statement[] {
  const { managed, given } = buckets(scope, scope.regions);
  return [
    { Sid: 'SeeStaged', Effect: 'Allow', Action: 's3:ListBucket', Resource: [...managed, ...given] },
    { Sid: 'RemoveStaged', Effect: 'Allow', Action: 's3:DeleteObject', Resource: objects([...managed, ...given]) },
  ];
}

/** ARNs of the managed buckets of regions, and of that of the user. */
function buckets(
  { account, partition, stagingBucket, homes }: PolicyScope, regions: readonly string[] = homes,
): { readonly managed: readonly string[]; readonly given: readonly string[] } {
  return {
    managed: regions.map((region) => `arn:${partition}:s3:::${managedBucketName(account, region)}`),
    given: stagingBucket === undefined ? [] : [`arn:${partition}:s3:::${stagingBucket}`],
  };
}

/** Records and locks of builds. */
export function stateStatements({ partition, state }: PolicyScope): Statement[] {
  if (state === undefined) { return []; }
  const { bucket, prefix } = state;
  const arn = `arn:${partition}:s3:::${bucket}`;
  return [
    { Sid: 'SeeRecords', Effect: 'Allow', Action: 's3:ListBucket', Resource: arn },
    { Sid: 'KeepRecords', Effect: 'Allow', Action: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'], Resource: `${arn}/${prefix}*` },
  ];
}

function objects(arns: readonly string[]): readonly string[] {
  return arns.map((arn) => `${arn}/${STAGING_PREFIX}*`);
}
