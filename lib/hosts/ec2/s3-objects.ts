import type { Readable } from 'stream';
import { DeleteObjectCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type _Object } from '@aws-sdk/client-s3';
import { awsCode } from './aws-errors';
import type { Caller } from './aws-request';

/** A thousand times what we ever write into one object. */
const LARGEST_BYTES = 16 << 20;

/** A bucket, and who may be asked for it. */
export interface Bucket {
  readonly client: Caller;
  readonly bucket: string;
}

/** A part of a bucket. */
export interface S3Place extends Bucket {
  /** Empty, or ends with a slash. */
  readonly prefix: string;
}

/** What to find at a key, for a write to take place: nothing, or just this version. */
export type WriteCondition = { readonly absent: true } | { readonly etag: string };

export interface TextObject {
  /** Not read where it is too large to be ours: then it is empty. */
  readonly text: string;
  readonly bytes: number;
  readonly isTooLarge: boolean;
  readonly etag: string;
  /** When it was written, by the clock of S3. */
  readonly modified: Date;
}

/** An object's address, for people. */
export function s3Url({ bucket }: Bucket, key: string): string {
  return `s3://${bucket}/${key}`;
}

/** The text of an object. Undefined: there is none. */
export async function readText({ client, bucket }: Bucket, key: string): Promise<TextObject | undefined> {
  try {
    const { Body, ETag, ContentLength: bytes = 0, LastModified } = await client.send(new GetObjectCommand({ Bucket: bucket, Key: key }));
    const isTooLarge = bytes > LARGEST_BYTES;
    if (isTooLarge) { (Body as Readable).destroy(); }
    return { text: isTooLarge ? '' : await Body!.transformToString(), bytes, isTooLarge, etag: ETag!, modified: LastModified! };
  } catch (error) {
    if (awsCode(error) === 'NoSuchKey' || awsCode(error) === 'NotFound') { return undefined; }
    throw error;
  }
}

/**
 * Writes a small object where the condition holds, and returns its version. Undefined: somebody else was first. An answer that
 * was lost is found out about: what stands there now is ours or is not.
 */
export async function writeText({ client, bucket }: Bucket, key: string, text: string, condition: WriteCondition): Promise<string | undefined> {
  const conditions = 'absent' in condition ? { IfNoneMatch: '*' } : { IfMatch: condition.etag };
  try {
    const { ETag } = await client.send(new PutObjectCommand({
      Bucket: bucket, Key: key, Body: text, ContentType: 'application/json', ...conditions,
    }));
    return ETag!;
  } catch (error) {
    if (!isRefused(error)) { throw error; }
    const now = await readText({ client, bucket }, key);
    return now?.text === text ? now.etag : undefined;
  }
}

/** Removes an object, where it still is this version. */
export async function removeText({ client, bucket }: Bucket, key: string, etag: string): Promise<void> {
  try {
    await client.send(new DeleteObjectCommand({ Bucket: bucket, Key: key, IfMatch: etag }));
  } catch (error) {
    if (!isRefused(error) && awsCode(error) !== 'NoSuchKey') { throw error; }
  }
}

/** All objects below a prefix, by name. */
export async function listObjects({ client, bucket }: Bucket, prefix: string): Promise<readonly _Object[]> {
  const found: _Object[] = [];
  for (let token: string | undefined; ;) {
    const page = await client.send(new ListObjectsV2Command({ Bucket: bucket, Prefix: prefix, ContinuationToken: token }));
    found.push(...page.Contents ?? []);
    token = page.NextContinuationToken;
    if (!token) { return found; }
  }
}

/** The condition did not hold, another writer was there at the same moment, or what was to be replaced is gone. */
function isRefused(error: unknown): boolean {
  return ['PreconditionFailed', 'ConditionalRequestConflict', 'NoSuchKey'].includes(awsCode(error) ?? '');
}
