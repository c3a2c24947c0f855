import { DescribeImagesCommand, DescribeInstancesCommand, DescribeSnapshotsCommand, type Image, type Instance, type Snapshot } from '@aws-sdk/client-ec2';
import { awsCode, isUnreachable, verdictOf } from './aws-errors';
import type { Caller } from './aws-request';
import { GONE } from './not-yet';
import { GoldenError } from '../../errors';
import type { Clock } from '../../ports/clock';

/** What can be waited for, and what a region says of it. */
export interface Found {
  readonly instance: Instance;
  readonly image: Image;
  readonly snapshot: Snapshot;
}
export type PollKind = keyof Found;

export interface WaitOptions {
  /** For the error: `the instance i-0123 to run`. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** The longest pause between two looks. @default 2000 */
  readonly everyMs?: number;
  /** Nothing is expected soon: all pauses are of the longest kind, the one before the first look, too. */
  readonly steady?: boolean;
}

interface Wait {
  readonly id: string;
  readonly everyMs: number;
  readonly steady: boolean;
  readonly since: number;
  nextAt: number;
  readonly look: (found: Found[PollKind] | undefined) => void;
  /** There was nothing to see. Ends the wait where its time is over. */
  readonly miss: (error: unknown) => void;
  readonly fail: (error: unknown) => void;
}

const FIRST_PAUSE_MS = 250;
const PAUSE_MS = 2_000;
/** What a pause may be of the time waited so far: half of it is lost on average. */
const SHARE = 0.08;
/** Values that one filter takes. */
const IDS_PER_CALL = 200;

/** Looks at all that is waited for in a region with one call for each kind: soon at first, then every two seconds. */
export class Poller {
  private readonly rounds = new Map<string, Round>();

  constructor(private readonly clock: Clock, private readonly ec2: (region: string) => Caller) {}

  /**
   * Waits until `until` returns something for what the region says of the thing; undefined is not, or not yet, in its answer.
   * What `until` throws ends the wait. Errors: `timed-out`, `interrupted`.
   */
  wait<K extends PollKind, T>(
    kind: K, region: string, id: string, until: (found: Found[K] | undefined) => T | undefined, options: WaitOptions,
  ): Promise<T> {
    const { what, timeoutMs, signal, everyMs = PAUSE_MS, steady = false } = options;
    const { clock } = this;
    const deadline = clock.now() + timeoutMs;
    const round = this.round(kind, region);
    return new Promise<T>((resolve, reject) => {
      const settle = () => {
        round.remove(wait);
        signal?.removeEventListener('abort', abort);
      };
      const fail = (error: unknown) => { settle(); reject(error); };
      const abort = () => fail(new GoldenError('interrupted', `The wait for ${what} was interrupted`, { kind: 'interrupted' }));
      const miss = (cause?: unknown) => {
        if (clock.now() < deadline) { return; }
        fail(new GoldenError('timed-out', `Waited ${Math.round(timeoutMs / 1000)} s in vain for ${what}`, { cause }));
      };
      const look = (found: Found[PollKind] | undefined) => {
        const result = until(found as Found[K] | undefined);
        if (result === undefined) { miss(); return; }
        settle();
        resolve(result);
      };
      const now = clock.now();
      const wait: Wait = { id, everyMs, steady, since: now, nextAt: steady ? now + everyMs : now, look, miss, fail };
      if (signal?.aborted) { abort(); return; }
      signal?.addEventListener('abort', abort, { once: true });
      round.add(wait);
    });
  }

  private round(kind: PollKind, region: string): Round {
    const name = `${kind} ${region}`;
    const known = this.rounds.get(name);
    if (known) { return known; }
    const round = new Round(this.clock, (ids) => describe(this.ec2(region), kind, ids));
    this.rounds.set(name, round);
    return round;
  }
}

/** The waits for one kind of thing in one region. Runs while there are any. */
class Round {
  private readonly waits = new Set<Wait>();
  private pause = new AbortController();
  private running = false;

  constructor(
    private readonly clock: Clock, private readonly ask: (ids: readonly string[]) => Promise<ReadonlyMap<string, Found[PollKind]>>,
  ) {}

  add(wait: Wait): void {
    this.waits.add(wait);
    this.pause.abort();
    if (this.running) { return; }
    this.running = true;
    void this.run();
  }

  remove(wait: Wait): void {
    this.waits.delete(wait);
    if (this.waits.size === 0) { this.pause.abort(); }
  }

  private async run(): Promise<void> {
    while (this.waits.size > 0) {
      const pause = Math.min(...[...this.waits].map(({ nextAt }) => nextAt)) - this.clock.now();
      if (pause > 0) {
        this.pause = new AbortController();
        await this.clock.sleep(pause, this.pause.signal).catch(() => undefined);
        continue;
      }
      await this.look();
    }
    // In the same turn in which it was seen that there are no more: who comes later begins anew.
    this.running = false;
  }

  /** Whoever is due soon is looked at with those who are due. */
  private async look(): Promise<void> {
    const soon = this.clock.now() + FIRST_PAUSE_MS;
    const due = [...this.waits].filter(({ nextAt }) => nextAt <= soon);
    try {
      const found = await this.ask([...new Set(due.map(({ id }) => id))]);
      for (const wait of due) { this.show(wait, found.get(wait.id)); }
    } catch (error) {
      for (const wait of due) { this.miss(wait, error); }
    }
  }

  /** What passes does not end a wait: what is waited for goes on meanwhile. */
  private miss(wait: Wait, error: unknown): void {
    if (!this.waits.has(wait)) { return; }
    if (!passes(error)) { wait.fail(error); return; }
    this.putOff(wait);
    wait.miss(error);
  }

  private putOff(wait: Wait): void {
    const now = this.clock.now();
    wait.nextAt = now + (wait.steady ? wait.everyMs : Math.min(wait.everyMs, Math.max(FIRST_PAUSE_MS, (now - wait.since) * SHARE)));
  }

  private show(wait: Wait, found: Found[PollKind] | undefined): void {
    if (!this.waits.has(wait)) { return; }
    this.putOff(wait);
    try {
      wait.look(found);
    } catch (error) {
      wait.fail(error);
    }
  }
}

/** Whether a later look may see something: EC2 was busy or ill, or has not heard of it everywhere. */
function passes(error: unknown): boolean {
  return (verdictOf(error) !== 'fail' && !isUnreachable(error)) || GONE.has(awsCode(error));
}

async function describe(ec2: Caller, kind: PollKind, ids: readonly string[]): Promise<ReadonlyMap<string, Found[PollKind]>> {
  const found = new Map<string, Found[PollKind]>();
  for (let index = 0; index < ids.length; index += IDS_PER_CALL) {
    const some = ids.slice(index, index + IDS_PER_CALL);
    for (const [id, thing] of await DESCRIBE[kind](ec2, some)) { found.set(id, thing); }
  }
  return found;
}

type Described = readonly (readonly [string, Found[PollKind]])[];

/* By filter: an ID that is not known yet would make the whole call fail. */
const DESCRIBE: { readonly [kind in PollKind]: (ec2: Caller, ids: string[]) => Promise<Described> } = {
  instance: async (ec2, ids) => {
    const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'instance-id', Values: ids }] }));
    return Reservations.flatMap(({ Instances = [] }) => Instances).map((instance) => [instance.InstanceId!, instance]);
  },
  image: async (ec2, ids) => {
    const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Filters: [{ Name: 'image-id', Values: ids }] }));
    return Images.map((image) => [image.ImageId!, image]);
  },
  snapshot: async (ec2, ids) => {
    const { Snapshots = [] } = await ec2.send(new DescribeSnapshotsCommand({ Filters: [{ Name: 'snapshot-id', Values: ids }] }));
    return Snapshots.map((snapshot) => [snapshot.SnapshotId!, snapshot]);
  },
};
