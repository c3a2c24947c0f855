import type { Action } from '../world';
import { GROUP_CALLS } from './groups';
import { IMAGE_CREATION_CALLS } from './image-creation';
import { IMAGE_CALLS } from './images';
import { INSTANCE_ATTRIBUTE_CALLS } from './instance-attributes';
import { INSTANCE_CALLS } from './instances';
import { KEY_PAIR_CALLS } from './key-pairs';
import { LAUNCH_CALLS } from './launch';
import { NETWORK_CALLS } from './network';
import { SNAPSHOT_CALLS } from './snapshots';
import { SPOT_CALLS } from './spot';
import { TAG_CALLS } from './tags';
import { VOLUME_CALLS } from './volumes';

/** Every action of EC2 that is ours, by name. */
export const EC2_ACTIONS: ReadonlyMap<string, Action> = new Map(Object.entries<Action>({
  ...LAUNCH_CALLS,
  ...INSTANCE_CALLS,
  ...INSTANCE_ATTRIBUTE_CALLS,
  ...IMAGE_CALLS,
  ...IMAGE_CREATION_CALLS,
  ...SNAPSHOT_CALLS,
  ...VOLUME_CALLS,
  ...TAG_CALLS,
  ...GROUP_CALLS,
  ...KEY_PAIR_CALLS,
  ...NETWORK_CALLS,
  ...SPOT_CALLS,
}));
