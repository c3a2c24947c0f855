import { CfnWaitCondition, CfnWaitConditionHandle, Lazy, type Duration } from 'aws-cdk-lib';
import type { Construct, IDependable } from 'constructs';

/** No condition waits longer. */
const MOST_SECONDS = 43_200;

/** A condition that is not the last is told that the build goes on so long after it began to wait; a clock looks twice an hour. */
const GOES_ON_SECONDS = 39_600;

/** One of the conditions that a deployment waits with, one after the other. */
export interface WaitLink {
  /** The first is 0. */
  readonly part: number;
  /** URL that the condition is told by. */
  readonly handle: string;
  /** That of the first condition, which names the deployment. */
  readonly firstHandle: string;
  /** Seconds after which it has to be told that the build goes on. Absent: it is the last. */
  readonly goesOnSeconds?: number;
}

export interface WaitChainProps {
  /** How long the build may take, its way to a container included. */
  readonly total: Duration;
  /** What is built, as at most 16 letters and digits: a condition waits but once, so its logical ID changes with what is built. */
  readonly hash: () => string;
  /** Declares what has to be done before a condition waits. */
  readonly before: (link: WaitLink) => IDependable;
}

/**
 * Has a deployment wait for the end of a build. The URL of a handle works for a day, so that of a later condition is made when the
 * one before it was told. Returns the last condition.
 */
export function addWaitChain(scope: Construct, { total, hash, before }: WaitChainProps): CfnWaitCondition {
  const count = partsOf(total);
  let firstHandle: string | undefined;
  let last: CfnWaitCondition | undefined;
  for (let part = 0; part < count; part++) {
    const isLast = part === count - 1;
    const handle = new CfnWaitConditionHandle(scope, `Handle${part}`);
    handle.overrideLogicalId(named(`GoldenHandle${part}x`, hash));
    if (last) { handle.node.addDependency(last); }
    firstHandle ??= handle.ref;
    const condition = new CfnWaitCondition(scope, `Wait${part}`, {
      count: 1, handle: handle.ref, timeout: String(count === 1 ? total.toSeconds() : MOST_SECONDS),
    });
    condition.overrideLogicalId(named(`GoldenWait${part}x`, hash));
    condition.node.addDependency(before({ part, handle: handle.ref, firstHandle, goesOnSeconds: isLast ? undefined : GOES_ON_SECONDS }));
    last = condition;
  }
  return last!;
}

/** How many conditions it takes. */
export function partsOf(total: Duration): number {
  return 1 + Math.max(0, Math.ceil((total.toSeconds() - MOST_SECONDS) / GOES_ON_SECONDS));
}

function named(prefix: string, hash: () => string): string {
  return Lazy.uncachedString({ produce: () => `${prefix}${hash()}` });
}
