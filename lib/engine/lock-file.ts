import { randomBytes } from 'crypto';
import { link, mkdir, open, readdir, rename, rm, stat, type FileHandle } from 'fs/promises';
import { hostname } from 'os';
import { dirname, join } from 'path';
import { LEASE_MS, LockWatch, looksAbandoned, readLock, type FoundLock, type LockRecord } from './lock-record';
import { thisProcess } from './process-identity';
import { GoldenError } from '../errors';
import type { Clock } from '../ports/clock';
import type { Lock, LockOptions, LockOwner } from '../ports/state';

const RENEWAL_MS = 10_000;

const POLL_MS = 200;

/** What is done under a guard takes milliseconds. */
const GUARD_MS = 10_000;

const SUFFIX = '.lock';

export interface LockTimes {
  readonly leaseMs: number;
  readonly renewalMs: number;
}

/** One builder for one key, among all processes that share a state folder. Renews itself until it is released. */
export class LockFile implements Lock {
  /** Takes the lock of a key; waits while another build has it. Errors: `interrupted` where the signal ends the wait, `unreadable-lock`. */
  static async acquire(
    stateFolder: string, key: string, options: LockOptions, times: LockTimes = { leaseMs: LEASE_MS, renewalMs: RENEWAL_MS },
  ): Promise<{ readonly lock: LockFile; readonly waited: boolean }> {
    const path = lockPath(stateFolder, key);
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    const watch = new LockWatch(times.leaseMs);
    const guards = new LockWatch(GUARD_MS);
    const told = { waiting: false, silent: false };
    for (let waited = false; ; waited = true) {
      const found = await readLock(path);
      if (found) { watch.see(found); }
      const taken = !found ? await create(path, options) : watch.isAbandoned ? await takeOver(path, found, options, guards) : undefined;
      if (taken) { return { lock: new LockFile(path, taken, options, times), waited }; }
      if (found && (!told.waiting || (watch.isSilent && !told.silent))) {
        options.onWait(found.owner, { silent: watch.isSilent });
        told.waiting = true;
        told.silent = watch.isSilent;
      }
      await options.clock.sleep(POLL_MS, options.signal);
    }
  }

  readonly lost: Promise<LockOwner | undefined>;
  private tellLost!: (owner: LockOwner | undefined) => void;
  private readonly released = new AbortController();
  private readonly renewing: Promise<void>;

  private constructor(
    private readonly path: string, private readonly file: FileHandle, private readonly options: LockOptions, private readonly times: LockTimes,
  ) {
    this.lost = new Promise((resolve) => { this.tellLost = resolve; });
    this.renewing = this.renew();
  }

  async confirm(): Promise<boolean> {
    // Our own file, wherever it is by now: that of another owner is never touched.
    const now = new Date();
    await this.file.utimes(now, now);
    const ours = await this.file.stat({ bigint: true });
    const there = await readLock(this.path);
    if (there?.inode === ours.ino) { return true; }
    this.tellLost(there?.owner);
    return false;
  }

  async release(): Promise<void> {
    if (this.released.signal.aborted) { return; }
    this.released.abort();
    await this.renewing;
    try {
      if (await this.confirm()) { await rm(this.path, { force: true }); }
    } finally {
      await this.file.close();
    }
  }

  private async renew(): Promise<void> {
    const { signal } = this.released;
    while (!signal.aborted) {
      await this.options.clock.sleep(this.times.renewalMs, signal).catch(() => undefined);
      if (signal.aborted) { return; }
      // What cannot be written now may be at the next time.
      if (!await this.confirm().catch(() => true)) { return; }
    }
  }
}

/** Who has the lock of a key, where that one is alive as far as can be told. */
export async function lockOwner(stateFolder: string, key: string, clock: Clock): Promise<LockOwner | undefined> {
  const found = await readLock(lockPath(stateFolder, key));
  return found && !looksAbandoned(found, clock.now()) ? found.owner : undefined;
}

/** Removes locks whose owners are gone, and what was killed while it took one. Returns one line for each. */
export async function removeAbandonedLocks(stateFolder: string, clock: Clock): Promise<string[]> {
  const folder = join(stateFolder, 'locks');
  const removed: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const found = await readLock(path).catch((error: GoldenError) => error);
    if (found instanceof GoldenError ? !await isOld(path, clock) : !found || !looksAbandoned(found, clock.now())) { continue; }
    // One that begins to take it over goes first: then it is no longer the one that was found.
    const isSame = async () => found instanceof GoldenError || (await readLock(path))?.inode === (found as FoundLock).inode;
    if (await isSame()) { await rm(path, { force: true, recursive: true }); }
    removed.push(found instanceof GoldenError ? `lock ${path}, which cannot be read`
      : `${name.endsWith(SUFFIX) ? 'lock' : 'unfinished lock'} of the build ${found!.owner.buildId} of ${found!.owner.image}: its process is gone`);
  }
  return removed;
}

function lockPath(stateFolder: string, key: string): string {
  return join(stateFolder, 'locks', `${key}${SUFFIX}`);
}

async function isOld(path: string, clock: Clock): Promise<boolean> {
  const found = await stat(path).catch(() => undefined);
  // One of the future was written by a wrong clock.
  return found !== undefined && Math.abs(clock.now() - found.mtimeMs) > LEASE_MS;
}

/** Undefined: there is one. A link is made whole or not at all, and never over another one. */
async function create(path: string, options: LockOptions): Promise<FileHandle | undefined> {
  return withDraft(path, options, (draft) => linked(draft, path));
}

/** Replaces a lock whose owner is gone. One at a time: who looks while another takes over would take over from that one. */
async function takeOver(path: string, found: FoundLock, options: LockOptions, guards: LockWatch): Promise<FileHandle | undefined> {
  const guard = `${path}.takeover`;
  return withDraft(path, options, async (draft) => {
    if (!await linked(draft, guard)) {
      const other = await readLock(guard);
      if (other) { guards.see(other); }
      if (other && guards.isAbandoned) { await rm(guard, { force: true }); }
      return false;
    }
    try {
      const now = await readLock(path);
      if (now?.inode !== found.inode || now.renewed !== found.renewed) { return false; }
      await rename(draft, path);
      return true;
    } finally {
      await rm(guard, { force: true });
    }
  });
}

/** Makes the file of a lock, which `place` gives its name or does not. Returns it, open, where it has the name. */
async function withDraft(path: string, { buildId, image }: LockOptions, place: (draft: string) => Promise<boolean>): Promise<FileHandle | undefined> {
  const owner: LockRecord = { buildId, image, host: hostname(), ...thisProcess() };
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  let placed = false;
  try {
    await file.writeFile(JSON.stringify(owner));
    return (placed = await place(draft)) ? file : undefined;
  } finally {
    await rm(draft, { force: true });
    if (!placed) { await file.close(); }
  }
}

async function linked(draft: string, path: string): Promise<boolean> {
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') { return false; }
    throw error;
  }
}
