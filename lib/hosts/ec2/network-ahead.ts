import type { Cloud } from './cloud';
import { findNetwork, type Network } from './network';
import type { Plan } from '../../plan/model';
import type { HostContext } from '../../ports/host';

/** After this time a subnet may be full that had addresses. */
const FRESH_MS = 30_000;

interface Ahead {
  readonly cloud: Cloud;
  readonly region: string;
  readonly at: number;
  readonly network: Promise<Network>;
}

const ahead = new WeakMap<Plan, Ahead>();

/** Begins to look up where a machine for a plan may stand. */
export function findNetworkAhead(cloud: Cloud, region: string, plan: Plan, context: HostContext): void {
  const network = findNetwork(cloud.clients.ec2(region), region, plan, context);
  // Who needs it asks again, and is told.
  network.catch(() => undefined);
  ahead.set(plan, { cloud, region, at: cloud.clock.now(), network });
}

/** Where a machine for a plan may stand, which is looked up where that was not done a moment ago. Errors: those of `findNetwork`. */
export async function networkOf(cloud: Cloud, region: string, plan: Plan, context: HostContext): Promise<Network> {
  const known = ahead.get(plan);
  ahead.delete(plan);
  const isFresh = known?.cloud === cloud && known.region === region && cloud.clock.now() - known.at < FRESH_MS;
  const network = isFresh ? await known.network.catch(() => undefined) : undefined;
  return network ?? findNetwork(cloud.clients.ec2(region), region, plan, context);
}
