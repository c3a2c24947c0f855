import type { TagMap } from './tags';
import type { BuildKeys } from '../../plan/keys';
import type { Plan } from '../../plan/model';

/** What an image is made with, in whichever way. */
export interface ImageRequest {
  readonly name: string;
  readonly description: string;
  readonly tags: TagMap;
  /** The image of this name that this build has made, where it is there already. */
  readonly find: () => Promise<FoundImage | undefined>;
}

/** Stands for the answer of the call that made it. */
export interface FoundImage {
  readonly ImageId: string;
  readonly $metadata: object;
}

/** AWS takes no longer names and descriptions. */
export const NAME_LENGTH = 128;
const DESCRIPTION_LENGTH = 255;

const KEY_LENGTH = 16;

/** The name of an image of this key: the same for all builds of it. */
export function imageName(plan: Plan, keys: BuildKeys): string {
  const suffix = ` ${keys.build.slice(0, KEY_LENGTH)}`;
  return `${plan.delivery.name.slice(0, NAME_LENGTH - suffix.length)}${suffix}`;
}

export function describeImage(plan: Plan): string {
  return (plan.delivery.description ?? `Golden image ${plan.image}`).slice(0, DESCRIPTION_LENGTH);
}
