import { existsSync } from 'fs';
import { mkdir, open, readdir, readFile, stat, type FileHandle } from 'fs/promises';
import { join } from 'path';
import { GoldenError } from '../errors';
import { damagedFile, parseJsonLines } from '../plan/json-syntax';
import type { Clock } from '../ports/clock';
import type { Journal, JournalRecord } from '../ports/journal';

/** The folder of one build's records. */
export function buildFolder(stateFolder: string, buildId: string): string {
  return join(stateFolder, 'builds', buildId);
}

/** The file of one build's records. */
export function journalPath(stateFolder: string, buildId: string): string {
  return join(buildFolder(stateFolder, buildId), 'journal.jsonl');
}

/** The last record is hardly ever longer. */
const END_BYTES = 16_384;

/** A thousand times what the longest builds record. */
const LARGEST_BYTES = 64 << 20;

/**
 * Keeps the journal of a build in a file, one record a line. The file is made with the first record. Records that come
 * while others are being written go to the disk together.
 */
export class JournalFile implements Journal {
  private file: Promise<FileHandle> | undefined;
  private sequence = 0;
  private waiting: string[] = [];
  private writing: Promise<void> = Promise.resolve();

  constructor(private readonly stateFolder: string, readonly buildId: string, private readonly clock: Clock) {}

  append(record: Omit<JournalRecord, 'sequence' | 'time'>): Promise<void> {
    const line: JournalRecord = { sequence: ++this.sequence, time: new Date(this.clock.now()).toISOString(), ...record };
    this.waiting.push(`${JSON.stringify(line)}\n`);
    const written = this.writing.then(() => this.write());
    // Whoever waits for a record learns why it could not be written; the ones after it are tried all the same.
    this.writing = written.catch(() => undefined);
    return written;
  }

  read(): Promise<readonly JournalRecord[]> {
    return readJournal(this.stateFolder, this.buildId);
  }

  async close(): Promise<void> {
    await this.writing;
    await (await this.file)?.close();
    this.file = undefined;
  }

  private async write(): Promise<void> {
    const lines = this.waiting.splice(0);
    // The record before this one has taken it along.
    if (lines.length === 0) { return; }
    const file = await (this.file ??= this.open());
    await file.appendFile(lines.join(''));
    await file.datasync();
  }

  private async open(): Promise<FileHandle> {
    const folder = buildFolder(this.stateFolder, this.buildId);
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const file = await open(journalPath(this.stateFolder, this.buildId), 'a', 0o600);
    // The name of the file has to survive a power cut as well.
    const parent = await open(folder);
    await parent.sync().finally(() => parent.close());
    return file;
  }
}

/** IDs of the builds that have records, the newest first. */
export async function recordedBuilds(stateFolder: string): Promise<readonly string[]> {
  const folder = join(stateFolder, 'builds');
  const builds = await Promise.all((await readdir(folder).catch(() => [])).map(async (id) => {
    // One that another process removes meanwhile.
    const stats = await stat(join(folder, id)).catch(() => undefined);
    return stats ? [{ id, birthtimeMs: stats.birthtimeMs }] : [];
  }));
  return builds.flat().sort((a, b) => b.birthtimeMs - a.birthtimeMs).map(({ id }) => id);
}

/** Whether the record of a build has its end, as far as it can be read. Reads no more of it than that takes. */
export async function isFinished(stateFolder: string, buildId: string): Promise<boolean> {
  const path = journalPath(stateFolder, buildId);
  // A folder without a journal: whatever was to be recorded, it was not begun. What is no file would be waited for.
  if (!(await stat(path).catch(() => undefined))?.isFile()) { return !existsSync(path); }
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const length = Math.min(size, END_BYTES);
    const { buffer } = await file.read(Buffer.alloc(length), 0, length, size - length);
    // Inside of a text, the quotes would be escaped.
    if (buffer.includes('"type":"finished"')) { return true; }
  } finally {
    await file.close();
  }
  return (await readJournal(stateFolder, buildId).catch(() => [])).some(({ type }) => type === 'finished');
}

/**
 * The records of a build. A last line that was not written whole, as when its process was killed, does not count.
 * Errors: `damaged-file`.
 */
export async function readJournal(stateFolder: string, buildId: string): Promise<readonly JournalRecord[]> {
  const file = journalPath(stateFolder, buildId);
  try {
    const stats = await stat(file);
    if (!stats.isFile()) { throw damagedFile('it is no file', { file }); }
    if (stats.size > LARGEST_BYTES) { throw damagedFile(`nobody recorded the ${stats.size} bytes that it has`, { file }); }
    return parseJsonLines(await readFile(file, 'utf8'), file) as unknown as readonly JournalRecord[];
  } catch (error) {
    if (GoldenError.is(error)) { throw error; }
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') { return []; }
    throw damagedFile(message, { file });
  }
}
