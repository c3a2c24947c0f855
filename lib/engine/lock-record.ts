import { constants } from 'fs';
import { open } from 'fs/promises';
import { isAlive, type ProcessIdentity } from './process-identity';
import { GoldenError } from '../errors';
import type { LockOwner } from '../ports/state';

/** An owner that shows no sign of life for that long has lost its lock, where nobody can see whether its process is alive. */
export const LEASE_MS = 60_000;

/** How far the clocks of two computers may be apart. */
const CLOCK_TOLERANCE_MS = 60_000;

/** What is in the file of a lock. */
export interface LockRecord extends LockOwner, ProcessIdentity {}

/** A lock as it is found. */
export interface FoundLock {
  readonly owner: LockRecord;
  /** Tells its file from another one under its name. */
  readonly inode: bigint;
  /** When its owner last said that it is alive, in nanoseconds of whatever clock: only that it changes counts. */
  readonly renewed: bigint;
}

/** Undefined: nobody has the lock. Errors: `unreadable-lock`. */
export async function readLock(path: string): Promise<FoundLock | undefined> {
  // Opening it, not only asking for its name, is what a shared file system answers with what is there now.
  // A pipe would be waited for.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') { return undefined; }
    throw unreadable(path, error);
  });
  if (!file) { return undefined; }
  try {
    const { ino, mtimeNs } = await file.stat({ bigint: true });
    return { owner: parseOwner(await file.readFile('utf8')), inode: ino, renewed: mtimeNs };
  } catch (error) {
    throw unreadable(path, error as Error);
  } finally {
    await file.close();
  }
}

/** Whether the owner of a lock is gone, as far as one look can tell: its process is, or the time since it was renewed says so. */
export function looksAbandoned({ owner, renewed }: FoundLock, now: number): boolean {
  const alive = isAlive(owner);
  return alive === undefined ? Number(renewed / 1_000_000n) + LEASE_MS + CLOCK_TOLERANCE_MS < now : !alive;
}

/**
 * Watches a lock for whoever waits for it. A process that can be seen from here has its lock for as long as it lives, however slow
 * or stopped it is. Of any other counts whether it renews the lock before our eyes, so that no clock of another computer and no jump
 * of ours takes it away.
 */
export class LockWatch {
  private found: FoundLock | undefined;
  /** Of a clock that nobody sets. */
  private since = 0;

  constructor(private readonly leaseMs: number) {}

  see(found: FoundLock): void {
    if (found.inode !== this.found?.inode || found.renewed !== this.found.renewed) { this.since = performance.now(); }
    this.found = found;
  }

  /** The owner was silent for as long as its lease is. */
  get isSilent(): boolean {
    return this.found !== undefined && performance.now() - this.since > this.leaseMs;
  }

  get isAbandoned(): boolean {
    return this.found !== undefined && !(isAlive(this.found.owner) ?? !this.isSilent);
  }
}

function parseOwner(text: string): LockRecord {
  const owner = JSON.parse(text) as Partial<LockRecord> | null;
  const { buildId, image, pid, host, started, system } = owner ?? {};
  const isWhole = [buildId, image, host, system].every((word) => typeof word === 'string') && [pid, started].every(Number.isSafeInteger) && pid! > 0;
  if (!isWhole) { throw new Error('It does not say who has it'); }
  return owner as LockRecord;
}

function unreadable(path: string, cause: Error): GoldenError {
  return new GoldenError('unreadable-lock', `The lock ${path} cannot be read: ${cause.message}`, {
    hint: 'When no build runs, golden gc removes it.', cause,
  });
}
