import { HeadBucketCommand } from '@aws-sdk/client-s3';
import type { CloudClients } from './clients';

/** As much of an error of the SDK as says where to ask instead. */
interface Redirection {
  readonly cause?: { readonly $response?: { readonly headers?: { readonly [name: string]: string | undefined } } };
}

/** The region that a user's bucket is in, which calls and URLs have to name. Where S3 does not say, the region that is asked. */
export async function bucketRegion(clients: CloudClients, bucket: string, region: string): Promise<string> {
  try {
    const { BucketRegion } = await clients.s3(region).send(new HeadBucketCommand({ Bucket: bucket }));
    return BucketRegion ?? region;
  } catch (error) {
    // Whoever may not see the bucket is told its region all the same. What else is wrong shows when it is used.
    return (error as Redirection).cause?.$response?.headers?.['x-amz-bucket-region'] ?? region;
  }
}
