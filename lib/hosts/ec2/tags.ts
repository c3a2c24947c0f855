import type { Filter, ResourceType, Tag, TagSpecification } from '@aws-sdk/client-ec2';
import { givenTags } from './given-tags';
import type { Plan } from '../../plan/model';
import { MANAGED_TAG } from '../../policies/managed-tag';
import type { Clock } from '../../ports/clock';

/** Keys of our tags. Whatever we make in an account has them from its creation on. */
export const TAGS = {
  /** `true` on all that is ours. */
  managed: MANAGED_TAG,
  /** ID of the build that made it. */
  build: 'golden:build',
  /** Construct path of the image. */
  image: 'golden:image',
  /** ISO 8601 time until which its build is alive. */
  lease: 'golden:lease',
  buildKey: 'golden:build-key',
  definitionHash: 'golden:definition-hash',
  deliveryHash: 'golden:delivery-hash',
  /** Digests of the tags that its plan gives it: those are taken away where a later plan does not give them. */
  given: 'golden:given-tags',
  /** See `ImageState`. */
  state: 'golden:state',
  /** Key of a layer. */
  layer: 'golden:layer',
  /** AMI that it was made from. */
  source: 'golden:source',
  /** Build key of the image that it was made from, where that is one of ours. */
  sourceKey: 'golden:source-key',
  bootTested: 'golden:boot-tested',
  /** AMI that it is a copy of, in the region that the image was built in. */
  copyOf: 'golden:copy-of',
  /** Regions with copies of it, separated by spaces. */
  regions: 'golden:regions',
  /** Where other accounts were told of it, `account:region:role`, separated by spaces. */
  consumers: 'golden:consumers',
  /** Name of the SSM parameter that an image is published in. */
  parameter: 'golden:parameter',
} as const;

/** What an AMI of ours is: not yet proven, what users launch, or a step on the way. */
export type ImageState = 'draft' | 'published' | 'layer';

export interface TagMap {
  readonly [key: string]: string;
}

/** AWS takes no longer values. */
const VALUE_LENGTH = 256;

/** Tags of whatever a build makes. */
export function buildTags(plan: Plan, buildId: string, clock: Clock): TagMap {
  return {
    [TAGS.managed]: 'true',
    [TAGS.build]: buildId,
    [TAGS.image]: cut(plan.image),
    [TAGS.lease]: leaseEnd(plan.builder.leaseMinutes, clock),
  };
}

/** Tags of what exists only during a build. */
export function temporaryTags(plan: Plan, buildId: string, clock: Clock): TagMap {
  return { Name: cut(`golden ${plan.image}`), ...plan.builder.tags, ...buildTags(plan, buildId, clock) };
}

export interface ImageTags {
  readonly state: ImageState;
  readonly buildKey: string;
  /** AMI that it was made from. */
  readonly source?: string;
  /** Build key of that, where it is an image of ours. */
  readonly sourceKey?: string;
  /** Key of the layer that it is. */
  readonly layer?: string;
}

/** Tags of images and their snapshots. */
export function imageTags(plan: Plan, buildId: string, clock: Clock, { state, buildKey, source, sourceKey, layer }: ImageTags): TagMap {
  return {
    ...nameTag(plan),
    ...deliveryTags(plan),
    ...buildTags(plan, buildId, clock),
    [TAGS.state]: state,
    [TAGS.buildKey]: buildKey,
    [TAGS.definitionHash]: plan.definitionHash,
    ...source !== undefined && { [TAGS.source]: source },
    ...sourceKey !== undefined && { [TAGS.sourceKey]: sourceKey },
    ...layer !== undefined && { [TAGS.layer]: layer },
  };
}

/** Tags that follow the delivery: they change with it, on what is published, too. */
export function deliveryTags({ delivery, deliveryHash }: Plan): TagMap {
  return {
    ...delivery.tags, [TAGS.given]: givenTags(delivery.tags), [TAGS.deliveryHash]: deliveryHash, [TAGS.parameter]: cut(delivery.parameterName),
  };
}

/** What the console calls an image whose plan does not say it. */
export function nameTag({ delivery }: Plan): TagMap {
  return { Name: cut(delivery.name) };
}

/** Until when a lease that is renewed now lasts. */
export function leaseEnd(leaseMinutes: number, clock: Clock): string {
  return new Date(clock.now() + leaseMinutes * 60_000).toISOString();
}

export function awsTags(tags: TagMap): { Key: string; Value: string }[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export function tagSpecifications(types: readonly ResourceType[], tags: TagMap): TagSpecification[] {
  return types.map((ResourceType) => ({ ResourceType, Tags: awsTags(tags) }));
}

export function tagOf(tags: readonly Tag[] | undefined, key: string): string | undefined {
  return tags?.find(({ Key }) => Key === key)?.Value;
}

/** Filter for a tag: with one of these values, or with any. */
export function tagFilter(key: string, ...values: readonly string[]): Filter {
  return values.length > 0 ? { Name: `tag:${key}`, Values: [...values] } : { Name: 'tag-key', Values: [key] };
}

function cut(value: string): string {
  return value.slice(0, VALUE_LENGTH);
}
