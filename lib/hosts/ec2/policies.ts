import type { Cloud } from './cloud';
import type { Plan } from '../../plan/model';
import { parseS3Location } from '../../policies/bucket-names';
import { partitionOf } from '../../policies/partition';
import { policyScope, rolePolicies, type PolicyPlace } from '../../policies/roles';
import type { NamedPolicy, PolicyPlaces } from '../../ports/host';

/** Policies for who builds these plans, for their machines, and for who removes their images: what these plans need, and nothing else. */
export async function buildPolicies(cloud: Cloud, plans: readonly Plan[], places: PolicyPlaces = {}): Promise<readonly NamedPolicy[]> {
  const { state, stagingBucket } = places;
  const homes = await Promise.all(plans.map((plan) => cloud.regionOf(plan)));
  return rolePolicies(policyScope(plans, homes, {
    ...await accountOf(cloud, plans, homes[0]), state: state === undefined ? undefined : parseS3Location(state), stagingBucket,
  }));
}

/** Policies can be printed where there are no credentials, too: for the account of the plans, or for whichever they are used in. */
async function accountOf(cloud: Cloud, plans: readonly Plan[], region: string | undefined): Promise<Pick<PolicyPlace, 'account' | 'partition'>> {
  const accounts = [...new Set(plans.flatMap(({ target }) => target.account ?? []))];
  const partition = region === undefined ? 'aws' : partitionOf(region);
  if (accounts.length > 0) { return { account: accounts.length === 1 ? accounts[0] : '*', partition }; }
  if (region === undefined) { return { account: '*', partition }; }
  return cloud.clients.callerIdentity(region).catch(() => ({ account: '*', partition }));
}
