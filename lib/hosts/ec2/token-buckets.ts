import type { Clock } from '../../ports/clock';

/** How many calls of an API an account may make at once in a region, and how many more each second. */
interface Bucket {
  readonly capacity: number;
  readonly perSecond: number;
}

const READING: Bucket = { capacity: 100, perSecond: 20 };
const MUTATING: Bucket = { capacity: 50, perSecond: 5 };

/** Those that EC2 documents as exceptions. */
const BUCKETS: { readonly [action: string]: Bucket } = {
  RunInstances: { capacity: 5, perSecond: 2 },
  StartInstances: { capacity: 5, perSecond: 2 },
  TerminateInstances: { capacity: 100, perSecond: 5 },
  CreateTags: { capacity: 100, perSecond: 10 },
  CreateSnapshot: { capacity: 100, perSecond: 5 },
  DeregisterImage: { capacity: 100, perSecond: 5 },
  ModifyImageAttribute: { capacity: 100, perSecond: 5 },
  ModifySnapshotAttribute: { capacity: 100, perSecond: 5 },
  CopyImage: { capacity: 100, perSecond: 1 },
};

/** EC2's own limits, kept by all builds of this process together: a call waits here rather than being refused there. */
export class TokenBuckets {
  /** When a bucket that all calls so far were taken from is full again, in milliseconds since the epoch. */
  private readonly fullAt = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  /** Waits for its turn. */
  async take(region: string, action: string, signal?: AbortSignal): Promise<void> {
    const { capacity, perSecond } = BUCKETS[action] ?? (/^(Describe|Get)/.test(action) ? READING : MUTATING);
    const name = `${region} ${action}`;
    const now = this.clock.now();
    const fullAt = Math.max(now, this.fullAt.get(name) ?? 0) + 1000 / perSecond;
    this.fullAt.set(name, fullAt);
    const wait = fullAt - now - capacity * 1000 / perSecond;
    if (wait > 0) { await this.clock.sleep(wait, signal); }
  }
}
