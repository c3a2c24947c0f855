import type { Clock } from '../../../lib/ports/clock';

interface Limit {
  readonly capacity: number;
  readonly perSecond: number;
}

/** EC2's request limits by action (developer guide, "Request throttling for the Amazon EC2 API"). */
const BY_ACTION: { readonly [action: string]: Limit } = {
  RunInstances: { capacity: 5, perSecond: 2 },
  StartInstances: { capacity: 5, perSecond: 2 },
  TerminateInstances: { capacity: 100, perSecond: 5 },
  CreateTags: { capacity: 100, perSecond: 10 },
  DeleteTags: { capacity: 100, perSecond: 10 },
  CreateSnapshot: { capacity: 100, perSecond: 5 },
  CreateSnapshots: { capacity: 100, perSecond: 5 },
  DeregisterImage: { capacity: 100, perSecond: 5 },
  ModifyImageAttribute: { capacity: 100, perSecond: 5 },
  ModifySnapshotAttribute: { capacity: 100, perSecond: 5 },
  CopyImage: { capacity: 100, perSecond: 1 },
};
const READ: Limit = { capacity: 100, perSecond: 20 };
const UNFILTERED: Limit = { capacity: 50, perSecond: 10 };
const WRITE: Limit = { capacity: 50, perSecond: 5 };

/** Reads of everything are dearer for these. */
const LARGE = new Set(['DescribeInstances', 'DescribeSnapshots', 'DescribeSecurityGroups', 'DescribeVolumes', 'DescribeInstanceStatus', 'DescribeNetworkInterfaces']);

/** Token buckets, one for each account, region and action. */
export class Buckets {
  private readonly levels = new Map<string, { tokens: number; at: number }>();

  constructor(private readonly clock: Clock) {}

  /** Takes a token; `false` where there is none. `isNarrow`: the call names IDs, filters or a page size. */
  take(account: string, region: string, action: string, isNarrow: boolean): boolean {
    const isLarge = LARGE.has(action) && !isNarrow;
    const limit = BY_ACTION[action] ?? (/^(Describe|Get|List)/.test(action) ? (isLarge ? UNFILTERED : READ) : WRITE);
    const key = `${account} ${region} ${action} ${isLarge}`;
    const now = this.clock.now();
    const level = this.levels.get(key) ?? { tokens: limit.capacity, at: now };
    level.tokens = Math.min(limit.capacity, level.tokens + (now - level.at) / 1000 * limit.perSecond);
    level.at = now;
    this.levels.set(key, level);
    if (level.tokens < 1) { return false; }
    level.tokens -= 1;
    return true;
  }

  clear(): void {
    this.levels.clear();
  }
}
