import { GoldenError } from '../errors';

/** Where all that is staged lies in a bucket: `staging/<build>/<name>`. */
export const STAGING_PREFIX = 'staging/';

/** Name of the managed bucket of an account in a region. */
export function managedBucketName(account: string, region: string): string {
  return `golden-${account}-${region}`;
}

/** Reads `s3://bucket/prefix`. The prefix is empty or ends with a slash. Errors: `invalid-option`. */
export function parseS3Location(location: string): { readonly bucket: string; readonly prefix: string } {
  const [, bucket, path] = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/.exec(location) ?? [];
  if (bucket === undefined) {
    throw new GoldenError('invalid-option', `--state ${location} is not understood`, { kind: 'usage', hint: 'Write --state s3://BUCKET/PREFIX' });
  }
  const folders = (path ?? '').replace(/\/+$/, '');
  return { bucket, prefix: folders === '' ? '' : `${folders}/` };
}
