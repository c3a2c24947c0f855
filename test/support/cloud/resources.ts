import type { Moto } from '../moto';
import { motoListing } from './moto-listing';
import type { Resource } from './records';
import type { World } from './world';

/** A thing that somebody made and nobody removed. */
export interface LeftResource {
  readonly id: string;
  readonly region: string;
  readonly tags: { readonly [key: string]: string };
  readonly state?: string;
  readonly name?: string;
}

/** What is left of everything that was made since the start or the last reset. */
export interface LeftResources {
  readonly instances: readonly LeftResource[];
  readonly volumes: readonly LeftResource[];
  readonly images: readonly LeftResource[];
  readonly snapshots: readonly LeftResource[];
  readonly keyPairs: readonly LeftResource[];
  readonly securityGroups: readonly LeftResource[];
  readonly parameters: readonly LeftResource[];
  readonly launchTemplates: readonly LeftResource[];
  readonly roles: readonly LeftResource[];
  readonly instanceProfiles: readonly LeftResource[];
  readonly buckets: readonly LeftResource[];
  readonly objects: readonly LeftResource[];
}

export async function leftResources(world: World, moto: Moto, regionsOfMoto: ReadonlySet<string>): Promise<LeftResources> {
  const ours = <R extends Resource & { readonly state?: string; readonly name?: string }>(pick: (region: ReturnType<World['region']>) => Iterable<R>) => (
    world.regions().flatMap((region) => [...pick(region)].filter((one) => one.owner === moto.account).map((one): LeftResource => ({
      id: one.id, region: region.name, tags: Object.fromEntries(one.tags), state: one.state, name: one.name,
    })))
  );
  return {
    instances: ours(({ instances }) => [...instances.values()].filter(({ state }) => state !== 'terminated')),
    volumes: ours(({ volumes }) => volumes.values()),
    images: ours(({ images }) => images.values()),
    snapshots: ours(({ snapshots }) => snapshots.values()),
    keyPairs: ours(({ keyPairs }) => keyPairs.values()),
    ...await motoListing(world.moto, [...regionsOfMoto]),
  };
}
