import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { CodeBuildOptions } from './code-build-options';
import { STAGING_PREFIX } from '../../policies/bucket-names';

/** Where records and locks of builds lie in the bucket. */
export const STATE_PREFIX = 'golden/';

/** Where it is written which deployments wait for which build: `waits/<deployment>/<part>`. */
export const WAIT_PREFIX = 'waits/';

/** Builds that somebody was told of. */
export const TOLD_PREFIX = 'told/';

/** The bucket that is given, or one of the image's own. */
export function stateBucket(scope: Construct, { stateBucket: given, encryptionKey, removalPolicy }: CodeBuildOptions): IBucket {
  if (given) { return given; }
  const isKept = removalPolicy !== RemovalPolicy.DESTROY;
  return new Bucket(scope, 'State', {
    encryption: encryptionKey ? BucketEncryption.KMS : BucketEncryption.S3_MANAGED,
    encryptionKey,
    enforceSSL: true,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    removalPolicy: isKept ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
    autoDeleteObjects: isKept ? undefined : true,
    lifecycleRules: [
      { id: 'staged', prefix: STAGING_PREFIX, expiration: Duration.days(1), abortIncompleteMultipartUploadAfter: Duration.days(1) },
      { id: 'waits', prefix: WAIT_PREFIX, expiration: Duration.days(7) },
      { id: 'told', prefix: TOLD_PREFIX, expiration: Duration.days(7) },
    ],
  });
}
