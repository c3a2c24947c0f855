import { DeleteObjectsCommand } from '@aws-sdk/client-s3';
import { journalPrefix, markFinished, openBuilds, readS3Journal, recordPlace, S3Journal } from './s3-journal';
import { acquireS3Lock, s3LockOwner } from './s3-lock';
import { listObjects, s3Url, type S3Place } from './s3-objects';
import type { Clock } from '../../ports/clock';
import type { StateStore } from '../../ports/state';

/** How many objects one call removes. */
const REMOVAL_CHUNK = 1000;

/** Keeps records and locks of builds in S3, where computers that share nothing else find them. */
export function s3State(place: S3Place, clock: Clock): StateStore {
  const { client, bucket, prefix } = place;
  return {
    description: s3Url(place, prefix).replace(/\/$/, ''),
    openJournal: (buildId) => new S3Journal(place, buildId, clock),
    readJournal: (buildId) => readS3Journal(place, buildId),
    journalPlace: (buildId) => s3Url(place, journalPrefix(place, buildId)),
    recordPlace: (buildId, index) => recordPlace(place, buildId, index),
    acquireLock: (key, options) => acquireS3Lock(place, key, options),
    lockOwner: (key) => s3LockOwner(place, key, clock),
    unfinished: () => openBuilds(place),
    builds: async () => {
      const begun = new Map<string, number>();
      for (const { Key, LastModified } of await listObjects(place, `${prefix}builds/`)) {
        const buildId = Key!.slice(prefix.length).split('/')[1];
        // The first record is the oldest, and listed first.
        if (!begun.has(buildId)) { begun.set(buildId, LastModified!.getTime()); }
      }
      return [...begun].sort(([, a], [, b]) => b - a).map(([buildId]) => buildId);
    },
    removeJournal: async (buildId) => {
      await markFinished(place, buildId);
      const keys = (await listObjects(place, journalPrefix(place, buildId))).map(({ Key }) => ({ Key: Key! }));
      for (let first = 0; first < keys.length; first += REMOVAL_CHUNK) {
        await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects: keys.slice(first, first + REMOVAL_CHUNK), Quiet: true } }));
      }
    },
  };
}
