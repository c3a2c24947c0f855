import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { listObjects, readText, s3Url, writeText, type S3Place } from './s3-objects';
import { GoldenError, type Position } from '../../errors';
import { damagedFile, parseJsonLines } from '../../plan/json-syntax';
import type { Clock } from '../../ports/clock';
import type { Journal, JournalRecord } from '../../ports/journal';

/** Enough that names of objects are in the order of their numbers. */
const DIGITS = 9;

const PARALLEL_READS = 16;

/**
 * Keeps the journal of a build in S3: an object for each record, named by its number. Records that come while others are
 * being written share an object, which is named by the first of them.
 */
export class S3Journal implements Journal {
  private last: number | undefined;
  private waiting: Omit<JournalRecord, 'sequence'>[] = [];
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly place: S3Place, readonly buildId: string, private readonly clock: Clock) {}

  append(record: Omit<JournalRecord, 'sequence' | 'time'>): Promise<void> {
    this.waiting.push({ time: new Date(this.clock.now()).toISOString(), ...record });
    const written = this.writing.then(() => this.write());
    // Whoever waits for a record learns why it could not be written; the ones after it are tried all the same.
    this.writing = written.catch(() => undefined);
    return written;
  }

  read(): Promise<readonly JournalRecord[]> {
    return readS3Journal(this.place, this.buildId);
  }

  async close(): Promise<void> {
    await this.writing;
  }

  private async write(): Promise<void> {
    const records = this.waiting.splice(0);
    // The record before this one has taken it along.
    if (records.length === 0) { return; }
    // A build that is gone on with has records already.
    const last = this.last ?? (await this.read()).at(-1)?.sequence ?? 0;
    if (this.last === undefined) { await markOpen(this.place, this.buildId); }
    // Known again when this is written: after a failure, what has come of it is looked up.
    this.last = undefined;
    const numbered = records.map((record, index): JournalRecord => ({ sequence: last + 1 + index, ...record }));
    const key = `${journalPrefix(this.place, this.buildId)}${String(last + 1).padStart(DIGITS, '0')}.json`;
    const text = numbered.map((record) => `${JSON.stringify(record)}\n`).join('');
    if (await writeText(this.place, key, text, { absent: true }) === undefined) {
      throw new GoldenError('foreign-journal', `Another process writes the journal of build ${this.buildId} in ${s3Url(this.place, key)}`, {
        hint: 'Let one process at a time go on with a build.',
      });
    }
    this.last = last + records.length;
    if (records.some(({ type }) => type === 'finished')) { await markFinished(this.place, this.buildId); }
  }
}

/** Says that a build has begun, before its first record. One listing finds all that have not ended. */
async function markOpen(place: S3Place, buildId: string): Promise<void> {
  await place.client.send(new PutObjectCommand({ Bucket: place.bucket, Key: openMark(place, buildId), Body: '', ContentLength: 0 }));
}

export async function markFinished(place: S3Place, buildId: string): Promise<void> {
  await place.client.send(new DeleteObjectCommand({ Bucket: place.bucket, Key: openMark(place, buildId) }));
}

function openMark({ prefix }: S3Place, buildId: string): string {
  return `${prefix}open/${buildId}`;
}

/** Builds that have begun and not ended. */
export async function openBuilds(place: S3Place): Promise<readonly string[]> {
  const marks = await listObjects(place, openMark(place, ''));
  const builds = await Promise.all(marks.map(async ({ Key }) => {
    const buildId = Key!.slice(openMark(place, '').length);
    // What is damaged does not say that it ended.
    const records = await readS3Journal(place, buildId).catch((error: unknown) => {
      if (GoldenError.is(error) && error.code === 'damaged-file') { return []; }
      throw error;
    });
    if (!records.some(({ type }) => type === 'finished')) { return { buildId, begun: String(records[0]?.time) }; }
    // Its last record was written, and the mark left.
    await markFinished(place, buildId);
    return undefined;
  }));
  return builds.flatMap((build) => build ?? []).sort((a, b) => b.begun.localeCompare(a.begun)).map(({ buildId }) => buildId);
}

/** Where the records of a build are. */
export function journalPrefix({ prefix }: S3Place, buildId: string): string {
  return `${prefix}builds/${buildId}/`;
}

/** The records of a build, in their order. Errors: `damaged-file`. */
export async function readS3Journal(place: S3Place, buildId: string): Promise<readonly JournalRecord[]> {
  return (await readObjects(place, buildId)).flatMap(({ records }) => records);
}

/** Where one of the records of a build is, counting from 0. */
export async function recordPlace(place: S3Place, buildId: string, index: number): Promise<Position> {
  let line = index + 1;
  for (const { file, records } of await readObjects(place, buildId)) {
    if (line <= records.length) { return { file, line }; }
    line -= records.length;
  }
  return { file: s3Url(place, journalPrefix(place, buildId)) };
}

/** An object of a journal. */
interface RecordsObject {
  /** Its address. */
  readonly file: string;
  readonly records: readonly JournalRecord[];
}

async function readObjects(place: S3Place, buildId: string): Promise<readonly RecordsObject[]> {
  const keys = (await listObjects(place, journalPrefix(place, buildId))).map(({ Key }) => Key!).sort();
  const texts: string[] = [];
  for (let first = 0; first < keys.length; first += PARALLEL_READS) {
    texts.push(...await Promise.all(keys.slice(first, first + PARALLEL_READS).map(async (key) => {
      const object = await readText(place, key);
      if (object?.isTooLarge) { throw damagedFile(`nobody recorded the ${object.bytes} bytes that it has`, { file: s3Url(place, key) }); }
      // One that was removed since it was listed is of a build that is being forgotten.
      return object?.text ?? '';
    })));
  }
  // An object is written whole or not at all.
  const whole = (text: string) => (text === '' || text.endsWith('\n') ? text : `${text}\n`);
  return keys.map((key, index) => {
    const file = s3Url(place, key);
    return { file, records: parseJsonLines(whole(texts[index]), file) as unknown as readonly JournalRecord[] };
  });
}
