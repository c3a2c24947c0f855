import type { Clock } from './clock';
import type { Journal, JournalRecord } from './journal';
import type { Position } from '../errors';

/** Keeps the records and locks of builds, where all who build the same images see them. */
export interface StateStore {
  /** For people: a folder, `s3://bucket/prefix`. */
  readonly description: string;
  openJournal(buildId: string): Journal;
  /** IDs of the builds that have records, the newest first. */
  builds(): Promise<readonly string[]>;
  /** Those of them whose record has no `finished`: they run, or were killed. Every build asks for it. */
  unfinished(): Promise<readonly string[]>;
  /** Errors: `damaged-file`, where they are not what was recorded. */
  readJournal(buildId: string): Promise<readonly JournalRecord[]>;
  /** For people: where the records of a build are. */
  journalPlace(buildId: string): string;
  /** For people: where one of those records is, counting from 0. */
  recordPlace(buildId: string, index: number): Promise<Position>;
  removeJournal(buildId: string): Promise<void>;
  /** Waits until nobody else builds this key. Errors: `interrupted` where the signal ends the wait, `unreadable-lock`. */
  acquireLock(key: string, options: LockOptions): Promise<{ readonly lock: Lock; readonly waited: boolean }>;
  /** Who has the lock of a key, and is alive as far as can be told. Errors: `unreadable-lock`. */
  lockOwner(key: string): Promise<LockOwner | undefined>;
}

export interface LockOptions {
  readonly buildId: string;
  /** Construct path of the image. */
  readonly image: string;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** Told once, when another build has the lock; and once more where that one has shown no sign of life for as long as a lease is. */
  readonly onWait: (owner: LockOwner, how: { readonly silent: boolean }) => void;
}

/** Who has a lock. */
export interface LockOwner {
  readonly buildId: string;
  readonly image: string;
  readonly pid: number;
  /** Name of the computer. */
  readonly host: string;
}

/** A lock that is held, and renewed, until it is released. */
export interface Lock {
  /** Resolves where it was lost: others may take it from who was silent for long. Tells who has it now, where that is known. */
  readonly lost: Promise<LockOwner | undefined>;
  /** Whether it is ours still, and stays so for as long as a lease is: to be asked right before what only its owner may do. */
  confirm(): Promise<boolean>;
  /** Gives it back. May be called twice. */
  release(): Promise<void>;
}
