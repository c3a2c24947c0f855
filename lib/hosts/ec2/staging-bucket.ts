import {
  CreateBucketCommand, DeleteObjectCommand, HeadBucketCommand, PutBucketEncryptionCommand, PutBucketLifecycleConfigurationCommand,
  PutBucketTaggingCommand, PutPublicAccessBlockCommand, type BucketLocationConstraint,
} from '@aws-sdk/client-s3';
import { awsCode } from './aws-errors';
import { bucketRegion } from './bucket-region';
import type { Cloud } from './cloud';
import { listObjects, type Bucket } from './s3-objects';
import { TAGS } from './tags';
import { GoldenError } from '../../errors';
import { managedBucketName, STAGING_PREFIX } from '../../policies/bucket-names';

/** No URL lives longer. */
export const URL_SECONDS = 3600;

/** What is left of builds that died, and of uploads that were cut. */
const LIFECYCLE_DAYS = 1;

/** The managed bucket of a region, made where it is not there yet, and kept. Errors: `staging-bucket-taken`. */
export async function managedBucket(cloud: Cloud, region: string): Promise<string> {
  const { account } = await cloud.clients.callerIdentity(region);
  const bucket = managedBucketName(account, region);
  const s3 = cloud.clients.s3(region);
  if (await bucketExists(cloud, region, bucket)) { return bucket; }
  try {
    await s3.send(new CreateBucketCommand({
      Bucket: bucket,
      // The first region of S3 has no name here.
      ...region !== 'us-east-1' && { CreateBucketConfiguration: { LocationConstraint: region as BucketLocationConstraint } },
    }), { notYet: ['OperationAborted', 'NoSuchBucket'] });
  } catch (error) {
    if (awsCode(error) === 'BucketAlreadyExists') { throw taken(bucket, error); }
    if (awsCode(error) !== 'BucketAlreadyOwnedByYou') { throw error; }
  }
  const settled = { notYet: ['OperationAborted', 'NoSuchBucket', 'NoSuchKey'] };
  await Promise.all([
    s3.send(new PutPublicAccessBlockCommand({
      Bucket: bucket,
      PublicAccessBlockConfiguration: { BlockPublicAcls: true, BlockPublicPolicy: true, IgnorePublicAcls: true, RestrictPublicBuckets: true },
    }), settled),
    s3.send(new PutBucketEncryptionCommand({
      Bucket: bucket,
      ServerSideEncryptionConfiguration: { Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: 'AES256' } }] },
    }), settled),
    s3.send(new PutBucketTaggingCommand({ Bucket: bucket, Tagging: { TagSet: [{ Key: TAGS.managed, Value: 'true' }] } }), settled),
  ]);
  await s3.send(new PutBucketLifecycleConfigurationCommand({
    Bucket: bucket,
    LifecycleConfiguration: {
      Rules: [{
        ID: 'golden-staging',
        Status: 'Enabled',
        Filter: { Prefix: STAGING_PREFIX },
        Expiration: { Days: LIFECYCLE_DAYS },
        AbortIncompleteMultipartUpload: { DaysAfterInitiation: LIFECYCLE_DAYS },
      }],
    },
  }), settled);
  return bucket;
}

/**
 * Removes what builds staged in the managed bucket of a region and in the user's: of those that are wanted; or, in the managed
 * one, all that no URL leads to any more. Returns a line for each thing.
 */
export async function removeStaged(cloud: Cloud, region: string, isWanted?: (buildId: string) => boolean): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const { client, bucket, isManaged } of await stagingBuckets(cloud, region)) {
    // What lies there for no known build is none of ours.
    if (!isManaged && !isWanted) { continue; }
    for (const { Key, LastModified } of await listObjects({ client, bucket }, STAGING_PREFIX)) {
      const buildId = Key!.split('/')[1];
      const isOld = cloud.clock.now() - (LastModified?.getTime() ?? 0) > URL_SECONDS * 1000;
      if (isWanted ? !isWanted(buildId) : !isOld) { continue; }
      await client.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
      lines.push(`staged file s3://${bucket}/${Key}`);
    }
  }
  return lines;
}

async function stagingBuckets(cloud: Cloud, region: string): Promise<readonly (Bucket & { readonly isManaged: boolean })[]> {
  const { stagingBucket: given, clients } = cloud;
  const { account } = await clients.callerIdentity(region);
  const managed = managedBucketName(account, region);
  return [
    ...await bucketExists(cloud, region, managed) ? [{ client: clients.s3(region), bucket: managed, isManaged: true }] : [],
    ...given === undefined ? [] : [{ client: clients.s3(await bucketRegion(clients, given, region)), bucket: given, isManaged: false }],
  ];
}

/** Whether it is there, and of this account. */
async function bucketExists(cloud: Cloud, region: string, bucket: string): Promise<boolean> {
  const { account } = await cloud.clients.callerIdentity(region);
  try {
    await cloud.clients.s3(region).send(new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: account }));
    return true;
  } catch (error) {
    const code = awsCode(error);
    // One that is not ours to see is not the managed one, either.
    if (['NotFound', 'NoSuchBucket', 'Forbidden', 'AccessDenied'].includes(code ?? '')) { return false; }
    throw error;
  }
}

function taken(bucket: string, cause: unknown): GoldenError {
  return new GoldenError('staging-bucket-taken', `The bucket ${bucket} belongs to another account`, {
    hint: 'Pass --staging-bucket with a bucket of yours.', cause,
  });
}
