import { createHash, randomBytes } from 'crypto';
import type { Readable } from 'stream';
import {
  AbortMultipartUploadCommand, CompleteMultipartUploadCommand, CreateMultipartUploadCommand, DeleteObjectCommand, GetObjectCommand, PutObjectCommand,
  UploadPartCommand, type CompletedPart,
} from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { CallOptions } from './aws-request';
import { bucketRegion } from './bucket-region';
import type { Cloud } from './cloud';
import { managedBucket, URL_SECONDS } from './staging-bucket';
import { GoldenError } from '../../errors';
import { STAGING_PREFIX } from '../../policies/bucket-names';
import type { ExpectedFile, StagedFile, Staging } from '../../ports/staging';

/** Content up to this size is sent in one call; what is bigger in parts of it. 10,000 parts are as many as S3 takes. */
const PART_BYTES = 16 << 20;

/** Parts that are on their way at the same time. */
const PARALLEL_PARTS = 4;

/** A bucket that has just been made may not be known everywhere. */
const S3_NOT_YET = ['NoSuchBucket'];

const REMOVAL_MS = 20_000;

export interface StagingOptions {
  readonly region: string;
  /** Build that it is for; its garbage is told by that. */
  readonly buildId: string;
}

/** Files in S3, that only URLs give access to: in the user's bucket, else in the managed one, which is made when it is first needed. */
export function s3Staging(cloud: Cloud, { region: home, buildId }: StagingOptions): Staging {
  let known: Promise<StagingBucket> | undefined;
  const forget = (error: unknown): never => {
    known = undefined;
    throw error;
  };
  const bucketOf = () => known ??= stagingBucket(cloud, home).catch(forget);
  const newKey = () => `${STAGING_PREFIX}${buildId}/${randomBytes(16).toString('hex')}`;
  const sign = (region: string, command: GetObjectCommand | PutObjectCommand) => (
    getSignedUrl(cloud.clients.s3Client(region), command as GetObjectCommand, { expiresIn: URL_SECONDS })
  );

  return {
    offer: async (content: Readable, { signal } = {}): Promise<StagedFile> => {
      const { region, Bucket } = await bucketOf();
      const place = { Bucket, Key: newKey() };
      const { bytes, sha256 } = await upload(cloud, region, place, content, signal);
      const remove = () => removeObject(cloud, region, place);
      return { url: await sign(region, new GetObjectCommand(place)), bytes, sha256, remove };
    },
    expect: async (): Promise<ExpectedFile> => {
      const { region, Bucket } = await bucketOf();
      const place = { Bucket, Key: newKey() };
      const s3 = cloud.clients.s3(region);
      return {
        url: await sign(region, new PutObjectCommand(place)),
        read: async () => (await s3.send(new GetObjectCommand(place))).Body as Readable,
        remove: () => removeObject(cloud, region, place),
      };
    },
  };
}

interface StagingBucket {
  readonly Bucket: string;
  readonly region: string;
}

/** Nobody looks for one object of a build that has ended well: the bucket would keep it for a day. */
async function removeObject(cloud: Cloud, region: string, place: Place): Promise<void> {
  await cloud.clients.s3(region).send(new DeleteObjectCommand(place), { notYet: ['NoSuchKey', ...S3_NOT_YET], deadlineMs: REMOVAL_MS });
}

async function stagingBucket(cloud: Cloud, region: string): Promise<StagingBucket> {
  const { stagingBucket: Bucket } = cloud;
  if (Bucket === undefined) { return { Bucket: await managedBucket(cloud, region), region }; }
  return { Bucket, region: await bucketRegion(cloud.clients, Bucket, region) };
}

interface Place {
  readonly Bucket: string;
  readonly Key: string;
}

/** Sends content of unknown length, and takes its digest on the way. */
async function upload(
  cloud: Cloud, region: string, place: Place, content: Readable, signal: AbortSignal | undefined,
): Promise<{ readonly bytes: number; readonly sha256: string }> {
  const hash = createHash('sha256');
  let bytes = 0;
  const parts = partsOf(content, (chunk) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  const first = await parts.next();
  const start = first.done ? Buffer.alloc(0) : first.value;
  const options: CallOptions<never> = { signal, notYet: S3_NOT_YET };
  if (start.length < PART_BYTES) {
    await cloud.clients.s3(region).send(new PutObjectCommand({ ...place, Body: start, ContentLength: start.length }), options);
  } else {
    await uploadParts(cloud, region, place, start, parts, options);
  }
  return { bytes, sha256: hash.digest('hex') };
}

async function uploadParts(
  cloud: Cloud, region: string, place: Place, first: Buffer, rest: AsyncIterator<Buffer>, options: CallOptions<never>,
): Promise<void> {
  const s3 = cloud.clients.s3(region);
  const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ ...place }), options);
  const completed: CompletedPart[] = [];
  const sending = new Set<Promise<void>>();
  const failures: unknown[] = [];
  const send = (Body: Buffer, PartNumber: number) => {
    const sent = s3.send(new UploadPartCommand({ ...place, UploadId, PartNumber, Body }), options)
      .then(({ ETag }) => { completed[PartNumber - 1] = { ETag, PartNumber }; }, (error: unknown) => { failures.push(error); })
      .finally(() => sending.delete(sent));
    sending.add(sent);
  };
  try {
    let part: Buffer | undefined = first;
    for (let number = 1; part; number++) {
      send(part, number);
      if (sending.size >= PARALLEL_PARTS) { await Promise.race(sending); }
      if (failures.length > 0) { break; }
      const next: IteratorResult<Buffer> = await rest.next();
      part = next.done ? undefined : next.value;
    }
    await Promise.all(sending);
    if (failures.length > 0) { throw failures[0]; }
    await s3.send(new CompleteMultipartUploadCommand({ ...place, UploadId, MultipartUpload: { Parts: completed } }), options);
  } catch (error) {
    await Promise.all(sending);
    await s3.send(new AbortMultipartUploadCommand({ ...place, UploadId })).catch(() => undefined);
    throw GoldenError.is(error) ? error : new GoldenError('unreadable-content', `What was to be staged could not be read: ${(error as Error).message}`, { cause: error });
  }
}

/** Cuts a stream into parts of the same size; the last one is smaller. */
async function* partsOf(content: Readable, onChunk: (chunk: Buffer) => void): AsyncGenerator<Buffer, void> {
  let waiting: Buffer[] = [];
  let size = 0;
  for await (const data of content) {
    const chunk = Buffer.from(data as Buffer);
    onChunk(chunk);
    waiting.push(chunk);
    size += chunk.length;
    if (size < PART_BYTES) { continue; }
    const all = Buffer.concat(waiting);
    let offset = 0;
    for (; all.length - offset >= PART_BYTES; offset += PART_BYTES) { yield all.subarray(offset, offset + PART_BYTES); }
    waiting = offset < all.length ? [all.subarray(offset)] : [];
    size = all.length - offset;
  }
  if (size > 0) { yield Buffer.concat(waiting); }
}
