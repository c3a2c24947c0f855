import type { PolicyScope, Statement } from './policy-statement';
import { parseS3Location } from './s3-state';
import { STAGING_PREFIX } from './staging-bucket';

/** The managed buckets or the user's, where something may be too big for a command. */
export function stagingStatements({ plans, homes, account, partition, stagingBucket }: PolicyScope): Statement[] {
  const managed = homes.map((region) => `arn:${partition}:s3:::golden-${account}-${region}`);
  const given = stagingBucket === undefined ? [] : [`arn:${partition}:s3:::${stagingBucket}`];
  const used = given.length > 0 ? given : managed;
  // What dead builds left may be in those that they used.
  const see: Statement = { Sid: 'SeeStaged', Effect: 'Allow', Action: 's3:ListBucket', Resource: [...managed, ...given] };
  const remove: Statement = { Sid: 'RemoveStaged', Effect: 'Allow', Action: 's3:DeleteObject', Resource: objects([...managed, ...given]) };
  if (!plans.some(({ builder }) => builder.communicator.type === 'ssm')) { return [see, remove]; }
  return [see, remove, ...given.length > 0 ? [] : [{
    Sid: 'MakeStagingBucket',
    Effect: 'Allow' as const,
    Action: ['s3:CreateBucket', 's3:PutBucketPublicAccessBlock', 's3:PutBucketTagging', 's3:PutEncryptionConfiguration', 's3:PutLifecycleConfiguration'],
    Resource: managed,
  }], {
    Sid: 'Stage', Effect: 'Allow', Action: ['s3:AbortMultipartUpload', 's3:GetObject', 's3:PutObject'], Resource: objects(used),
  }];
}

/** Records and locks of builds. */
export function stateStatements({ partition, state }: PolicyScope): Statement[] {
  if (state === undefined) { return []; }
  const { bucket, prefix } = parseS3Location(state);
  const arn = `arn:${partition}:s3:::${bucket}`;
  return [
    { Sid: 'SeeRecords', Effect: 'Allow', Action: 's3:ListBucket', Resource: arn },
    { Sid: 'KeepRecords', Effect: 'Allow', Action: ['s3:DeleteObject', 's3:GetObject', 's3:PutObject'], Resource: `${arn}/${prefix}*` },
  ];
}

function objects(buckets: readonly string[]): readonly string[] {
  return buckets.map((bucket) => `${bucket}/${STAGING_PREFIX}*`);
}
