import { randomBytes } from 'crypto';
import { link, mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'fs/promises';
import { hostname } from 'os';
import { dirname, join } from 'path';
import { processStart } from './process-identity';
import type { Clock } from '../ports/clock';
import type { Lock, LockOptions, LockOwner } from '../ports/state';

/** An owner that did not renew its lock for that long has lost it. */
const EXPIRY_MS = 60_000;

const RENEWAL_MS = 10_000;

const POLL_MS = 200;

/** Taking over takes milliseconds; who needs longer was killed in it. */
const TAKEOVER_MS = 10_000;

/** What is in the file of a lock. */
export interface LockRecord extends LockOwner {
  /** Tells the process from a later one with its number. */
  readonly started: number;
  /** Milliseconds since the epoch. */
  readonly expires: number;
}

/** One builder for one key, among all processes that share a state folder. Renews itself until it is released. */
export class LockFile implements Lock {
  /** Takes the lock of a key; waits while another build has it. Throws `interrupted` where the signal ends the wait. */
  static async acquire(stateFolder: string, key: string, options: LockOptions): Promise<{ readonly lock: LockFile; readonly waited: boolean }> {
    const lock = new LockFile(lockPath(stateFolder, key), options);
    await mkdir(dirname(lock.path), { recursive: true, mode: 0o700 });
    for (let waited = false; ; waited = true) {
      if (await lock.create() || await lock.takeOver()) {
        lock.renewal = lock.renew();
        return { lock, waited };
      }
      const owner = await readOwner(lock.path);
      if (owner && !waited) { options.onWait(owner); }
      await options.clock.sleep(POLL_MS, options.signal);
    }
  }

  private readonly released = new AbortController();
  private renewal: Promise<void> = Promise.resolve();

  private constructor(private readonly path: string, private readonly options: LockOptions) {}

  /** Gives the lock back. May be called twice. */
  async release(): Promise<void> {
    this.released.abort();
    // One that is under way would put the lock back.
    await this.renewal;
    if (await this.isOurs()) { await rm(this.path, { force: true }); }
  }

  private async isOurs(): Promise<boolean> {
    return (await readOwner(this.path))?.buildId === this.options.buildId;
  }

  /** A link is made whole or not at all, and never over another one. */
  private async create(): Promise<boolean> {
    const draft = await this.draft();
    try {
      await link(draft, this.path);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') { return false; }
      throw error;
    } finally {
      await rm(draft, { force: true });
    }
  }

  /** Replaces a lock whose owner is gone. One at a time: who looks while another takes over would take over from that one. */
  private async takeOver(): Promise<boolean> {
    const owner = await readOwner(this.path);
    if (!owner || !isAbandoned(owner, this.options.clock)) { return false; }
    const guard = `${this.path}.takeover`;
    const draft = await this.draft();
    try {
      await link(draft, guard);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') { throw error; }
      await rm(draft, { force: true });
      const { mtimeMs } = await stat(guard).catch(() => ({ mtimeMs: Infinity }));
      if (Date.now() - mtimeMs > TAKEOVER_MS) { await rm(guard, { force: true }); }
      return false;
    }
    try {
      const now = await readOwner(this.path);
      if (!now || now.buildId !== owner.buildId) { return false; }
      await rename(draft, this.path);
      return true;
    } finally {
      await rm(guard, { force: true });
      await rm(draft, { force: true });
    }
  }

  /** Goes on until the lock is released or, after a long sleep of this machine, another build has it. */
  private async renew(): Promise<void> {
    const { signal } = this.released;
    while (!signal.aborted) {
      await this.options.clock.sleep(RENEWAL_MS, signal).catch(() => undefined);
      if (signal.aborted || !await this.isOurs()) { return; }
      await rename(await this.draft(), this.path).catch(() => undefined);
    }
  }

  private async draft(): Promise<string> {
    const { buildId, image, clock } = this.options;
    const owner: LockRecord = {
      buildId, image, pid: process.pid, started: processStart(process.pid) ?? 0, host: hostname(), expires: clock.now() + EXPIRY_MS,
    };
    const path = `${this.path}.${process.pid}.${randomBytes(4).toString('hex')}`;
    await writeFile(path, JSON.stringify(owner), { mode: 0o600 });
    return path;
  }
}

/** Who has the lock of a key, where that one is alive as far as can be told. */
export async function lockOwner(stateFolder: string, key: string, clock: Clock): Promise<LockOwner | undefined> {
  const owner = await readOwner(lockPath(stateFolder, key));
  return owner && !isAbandoned(owner, clock) ? owner : undefined;
}

/** Removes locks whose owners are gone. Returns one line for each. */
export async function removeAbandonedLocks(stateFolder: string, clock: Clock): Promise<string[]> {
  const folder = join(stateFolder, 'locks');
  const removed: string[] = [];
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const owner = await readOwner(path);
    if (!owner || !isAbandoned(owner, clock)) { continue; }
    await rm(path, { force: true });
    removed.push(`lock of the build ${owner.buildId} of ${owner.image}: its process is gone`);
  }
  return removed;
}

function lockPath(stateFolder: string, key: string): string {
  return join(stateFolder, 'locks', `${key}.lock`);
}

function isAbandoned(owner: LockRecord, clock: Clock): boolean {
  if (owner.expires < clock.now()) { return true; }
  return owner.host === hostname() && processStart(owner.pid) !== owner.started;
}

/** Undefined: nobody has the lock. */
async function readOwner(path: string): Promise<LockRecord | undefined> {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : JSON.parse(text) as LockRecord;
}
