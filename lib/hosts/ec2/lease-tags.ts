import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import { awsCode, awsMessage } from './aws-errors';
import type { Caller } from './aws-request';
import { leaseEnd, TAGS } from './tags';
import type { Clock } from '../../ports/clock';

/** A build that may die, and how long what it made is left alone then. */
export interface LeasedBuild {
  readonly buildId: string;
  readonly leaseMinutes: number;
}

interface Held {
  readonly region: string;
  readonly build: LeasedBuild;
  readonly ids: Set<string>;
  readonly timer: NodeJS.Timeout;
}

/** Tries within the time of one lease. */
const RENEWALS = 3;

/** Says on all that a build has made until when the build is surely alive: with one call for all of it, again and again. */
export class Leases {
  private readonly held = new Map<string, Held>();

  constructor(private readonly clock: Clock, private readonly ec2: (region: string) => Caller) {}

  /** Begins to renew them. Their first lease is among the tags that they were made with. */
  add(region: string, build: LeasedBuild, ...ids: readonly string[]): void {
    const held = this.held.get(nameOf(region, build)) ?? this.hold(region, build);
    for (const id of ids) { held.ids.add(id); }
  }

  /** For what is gone, or is there to stay. */
  remove(region: string, ...ids: readonly string[]): void {
    for (const [name, held] of this.held) {
      if (held.region !== region) { continue; }
      for (const id of ids) { held.ids.delete(id); }
      if (held.ids.size > 0) { continue; }
      clearInterval(held.timer);
      this.held.delete(name);
    }
  }

  private hold(region: string, build: LeasedBuild): Held {
    // What was not renewed in time is tried again at the next turn; nothing waits for it to end.
    const timer = setInterval(() => { void this.renew(held).catch(() => undefined); }, build.leaseMinutes * 60_000 / RENEWALS).unref();
    const held: Held = { region, build, ids: new Set(), timer };
    this.held.set(nameOf(region, build), held);
    return held;
  }

  private async renew({ region, build, ids }: Held): Promise<void> {
    const Tags = [{ Key: TAGS.lease, Value: leaseEnd(build.leaseMinutes, this.clock) }];
    while (ids.size > 0) {
      try {
        await this.ec2(region).send(new CreateTagsCommand({ Resources: [...ids], Tags }));
        return;
      } catch (error) {
        // One that has gone keeps the others from being renewed.
        const gone = [...ids].filter((id) => awsCode(error)?.endsWith('.NotFound') && awsMessage(error).includes(id));
        if (gone.length === 0) { throw error; }
        for (const id of gone) { ids.delete(id); }
      }
    }
  }
}

function nameOf(region: string, { buildId }: LeasedBuild): string {
  return `${region} ${buildId}`;
}
