import { closeSync, openSync, readdirSync, readSync } from 'fs';
import { join } from 'path';
import { logFolder } from '../../engine/build-log';
import { GoldenError } from '../../errors';
import type { TimedEvent } from '../reporting/reporter';

/** The log of one build on this computer. */
export interface StoredLog {
  readonly buildId: string;
  readonly image: string;
  /** ISO 8601, UTC. */
  readonly begunAt: string;
  readonly path: string;
}

const FIRST_LINE_BYTES = 4096;
const LISTED = 12;

/** The logs there are, the newest first. */
export function storedLogs(stateFolder: string): readonly StoredLog[] {
  const folder = logFolder(stateFolder);
  return namesIn(folder).flatMap((name) => readHead(join(folder, name), name) ?? [])
    .sort((a, b) => (a.begunAt < b.begunAt ? 1 : -1));
}

/** The log of a build, or of the last build of an image; of the last of all without a name. Errors: `no-such-build`, which lists what there is. */
export function findLog(stateFolder: string, name: string | undefined): StoredLog {
  const logs = storedLogs(stateFolder);
  const found = logs.find(({ buildId, image }) => name === undefined || buildId === name || image === name);
  if (found) { return found; }
  if (logs.length === 0) { throw new GoldenError('no-such-build', 'Nothing was built on this computer yet', { kind: 'usage', hint: 'golden build builds.' }); }
  const list = logs.slice(0, LISTED).map(({ buildId, image, begunAt }) => `\n      ${buildId}  ${begunAt.slice(0, 16).replace('T', ' ')} UTC  ${image}`).join('');
  throw new GoldenError('no-such-build', `There is no log of a build or image ${name}`, { kind: 'usage', hint: `There are, the newest first:${list}` });
}

/** Reads the events of a log as they come. The last line may not be written whole yet. */
export class LogReader {
  private offset = 0;
  private rest = Buffer.alloc(0);

  constructor(private readonly path: string) {}

  /** Events that were written since it was read last. */
  read(): TimedEvent[] {
    const lines = Buffer.concat([this.rest, this.newBytes()]);
    const end = lines.lastIndexOf('\n') + 1;
    this.rest = lines.subarray(end);
    return lines.toString('utf8', 0, end).split('\n').flatMap(parsed);
  }

  private newBytes(): Buffer {
    const file = openSync(this.path, 'r');
    try {
      const pieces: Buffer[] = [];
      for (;;) {
        const piece = Buffer.alloc(1 << 20);
        const length = readSync(file, piece, 0, piece.length, this.offset);
        if (length === 0) { return Buffer.concat(pieces); }
        this.offset += length;
        pieces.push(piece.subarray(0, length));
      }
    } finally {
      closeSync(file);
    }
  }
}

/** What a full disk, or a hand, did to a line does not hide the others. */
function parsed(line: string): TimedEvent[] {
  try {
    const event = JSON.parse(line) as TimedEvent;
    return typeof event?.type === 'string' && typeof event.time === 'string' ? [event] : [];
  } catch {
    return [];
  }
}

function readHead(path: string, name: string): StoredLog | undefined {
  const [event] = parsed(firstLine(path));
  return event && { buildId: name.replace(/\.jsonl$/, ''), image: event.image, begunAt: event.time, path };
}

function firstLine(path: string): string {
  try {
    const file = openSync(path, 'r');
    try {
      const bytes = Buffer.alloc(FIRST_LINE_BYTES);
      return bytes.toString('utf8', 0, readSync(file, bytes, 0, bytes.length, 0)).split('\n')[0];
    } finally {
      closeSync(file);
    }
  } catch {
    return '';
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /^[0-9a-f]+\.jsonl$/.test(name));
  } catch {
    return [];
  }
}
