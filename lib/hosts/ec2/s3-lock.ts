import { hostname } from 'os';
import { readText, removeText, s3Url, writeText, type S3Place, type TextObject, type WriteCondition } from './s3-objects';
import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';
import type { Lock, LockOptions, LockOwner } from '../../ports/state';

/** An owner that did not renew its lock for that long has lost it. */
const EXPIRY_MS = 60_000;

const RENEWAL_MS = 15_000;

const POLL_MS = 2_000;

/** How far our clock and that of S3 may be apart. */
const CLOCK_TOLERANCE_MS = 60_000;

interface WrittenOwner extends LockOwner {
  /** Tells one writing from the next, so that each has a version of its own. */
  readonly renewal: number;
}

/**
 * Takes the lock of a key: an object that is written only where there is none, or in place of a version that nobody renewed.
 * Of those who find the same version abandoned, S3 lets one replace it. Errors: `interrupted` where the signal ends the wait, `unreadable-lock`.
 */
export async function acquireS3Lock(place: S3Place, key: string, options: LockOptions): Promise<{ readonly lock: Lock; readonly waited: boolean }> {
  const { clock } = options;
  const path = lockPath(place, key);
  let seen: { readonly etag: string; readonly since: number } | undefined;
  let told = false;
  for (let waited = false; ; waited = true) {
    const there = await readText(place, path);
    if (there && seen?.etag !== there.etag) { seen = { etag: there.etag, since: clock.now() }; }
    const condition = conditionOf(there, seen, clock);
    const etag = condition && await writeText(place, path, ownerText(options, 0), condition);
    if (etag) { return { lock: heldLock(place, path, etag, options), waited }; }
    // Where two came at the same moment, who has it is only seen the next time.
    if (there && !condition && !told) {
      options.onWait(demandOwner(place, path, there), { silent: false });
      told = true;
    }
    await clock.sleep(POLL_MS, options.signal);
  }
}

/** Who has the lock of a key, going by when it was last renewed. Errors: `unreadable-lock`. */
export async function s3LockOwner(place: S3Place, key: string, clock: Clock): Promise<LockOwner | undefined> {
  const path = lockPath(place, key);
  const there = await readText(place, path);
  return there && !isExpired(there, clock) ? demandOwner(place, path, there) : undefined;
}

function demandOwner(place: S3Place, path: string, { text }: TextObject): WrittenOwner {
  const owner = ownerIn(text);
  if (owner) { return owner; }
  throw new GoldenError('unreadable-lock', `The lock ${s3Url(place, path)} cannot be read: it does not say who has it`, {
    hint: `Nobody can be renewing it: try again in ${(EXPIRY_MS + CLOCK_TOLERANCE_MS) / 60_000} minutes, then it is taken over.`,
  });
}

/** Undefined: it is not what we wrote. */
function ownerIn(text: string): WrittenOwner | undefined {
  try {
    const owner = JSON.parse(text) as WrittenOwner | null;
    const { buildId, image, host, pid } = owner ?? {};
    return [buildId, image, host].every((word) => typeof word === 'string') && Number.isSafeInteger(pid) ? owner! : undefined;
  } catch {
    return undefined;
  }
}

function lockPath({ prefix }: S3Place, key: string): string {
  return `${prefix}locks/${key}.json`;
}

/** By the clock of S3, whatever that of its owner says. */
function isExpired({ modified }: TextObject, clock: Clock): boolean {
  return modified.getTime() + EXPIRY_MS + CLOCK_TOLERANCE_MS < clock.now();
}

/** On which condition the lock is ours to take. Undefined: somebody has it. */
function conditionOf(there: TextObject | undefined, seen: { readonly since: number } | undefined, clock: Clock): WriteCondition | undefined {
  if (!there) { return { absent: true }; }
  // What was not renewed before our eyes needs no clock of another computer.
  const isAbandoned = isExpired(there, clock) || (seen !== undefined && clock.now() - seen.since > EXPIRY_MS);
  return isAbandoned ? { etag: there.etag } : undefined;
}

function heldLock(place: S3Place, path: string, etag: string, options: LockOptions): Lock {
  const released = new AbortController();
  let current: string | undefined = etag;
  let renewals = 0;
  let renewal: Promise<unknown> = Promise.resolve();
  let tellLost: (owner: LockOwner | undefined) => void;
  const lost = new Promise<LockOwner | undefined>((resolve) => { tellLost = resolve; });
  /** One at a time: each replaces the version of the one before. */
  const confirm = (): Promise<boolean> => {
    const confirmed = renewal.then(async () => {
      if (current === undefined) { return false; }
      current = await writeText(place, path, ownerText(options, ++renewals), { etag: current });
      if (current !== undefined) { return true; }
      const there = await readText(place, path).catch(() => undefined);
      tellLost(there && ownerIn(there.text));
      return false;
    });
    renewal = confirmed.catch(() => undefined);
    return confirmed;
  };
  const renewing = (async () => {
    while (!released.signal.aborted) {
      await options.clock.sleep(RENEWAL_MS, released.signal).catch(() => undefined);
      // Where it cannot be reached now, the next renewal may; where another build has it, there is nothing left to renew.
      if (released.signal.aborted || !await confirm().catch(() => true)) { return; }
    }
  })();
  return {
    lost,
    confirm,
    release: async () => {
      if (released.signal.aborted) { return; }
      released.abort();
      await renewing;
      if (current !== undefined) { await removeText(place, path, current); }
    },
  };
}

function ownerText({ buildId, image }: LockOptions, renewal: number): string {
  const owner: WrittenOwner = { buildId, image, pid: process.pid, host: hostname(), renewal };
  return JSON.stringify(owner);
}
