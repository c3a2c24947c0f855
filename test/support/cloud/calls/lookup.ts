import { ApiError } from '../protocol/api-error';
import type { Image, Instance, Snapshot, Volume } from '../records';
import { mayUse } from '../records';
import { visible, type Call, type Region } from '../world';

const ID = /^[a-z]+-([0-9a-f]{8}|[0-9a-f]{17}|[a-z0-9]+)$/;

/** An instance of the caller. */
export function findInstance(call: Call, id: string): Instance {
  if (!id.startsWith('i-') || !ID.test(id)) { throw new ApiError('InvalidInstanceID.Malformed', `Invalid id: "${id}"`); }
  const instance = visible(call.world, call.region.instances.get(id));
  if (!instance || instance.owner !== call.account) { throw new ApiError('InvalidInstanceID.NotFound', `The instance ID '${id}' does not exist`); }
  return instance;
}

/** An image that the caller may see. */
export function findImage(call: Call, id: string, region: Region = call.region): Image {
  if (!id.startsWith('ami-') || !ID.test(id)) { throw new ApiError('InvalidAMIID.Malformed', `Invalid id: "${id}" (expecting "ami-...")`); }
  const image = visible(call.world, region.images.get(id));
  if (!image || image.state === 'deregistered' || !mayUse(call.account, image)) {
    throw new ApiError('InvalidAMIID.NotFound', `The image id '[${id}]' does not exist`);
  }
  return image;
}

/** An image of the caller. */
export function findOwnImage(call: Call, id: string): Image {
  const image = findImage(call, id);
  if (image.owner !== call.account) { throw new ApiError('AuthFailure', `Not authorized for image:${id}`, 403); }
  return image;
}

/** A snapshot that the caller may see. */
export function findSnapshot(call: Call, id: string, region: Region = call.region): Snapshot {
  if (!id.startsWith('snap-') || !ID.test(id)) { throw new ApiError('InvalidSnapshotID.Malformed', `The snapshot ID '${id}' is malformed`); }
  const snapshot = visible(call.world, region.snapshots.get(id));
  if (!snapshot || !mayRead(call.account, snapshot)) { throw new ApiError('InvalidSnapshot.NotFound', `The snapshot '${id}' does not exist.`); }
  return snapshot;
}

export function findOwnSnapshot(call: Call, id: string): Snapshot {
  const snapshot = findSnapshot(call, id);
  if (snapshot.owner !== call.account) { throw new ApiError('AuthFailure', `Not authorized for snapshot:${id}`, 403); }
  return snapshot;
}

export function mayRead(account: string, snapshot: Snapshot): boolean {
  return snapshot.owner === account || snapshot.permissions.has('all') || snapshot.permissions.has(account);
}

export function findVolume(call: Call, id: string): Volume {
  const volume = visible(call.world, call.region.volumes.get(id));
  if (!volume || volume.state === 'deleted' || volume.owner !== call.account) {
    throw new ApiError('InvalidVolume.NotFound', `The volume '${id}' does not exist.`);
  }
  return volume;
}

/** A parameter that a call must have. */
export function required(call: Call, name: string): string {
  const value = call.input.text(name);
  if (!value) { throw new ApiError('MissingParameter', `The request must contain the parameter ${name}`); }
  return value;
}

export function requiredList(call: Call, name: string): string[] {
  const values = call.input.texts(name);
  if (values.length === 0) { throw new ApiError('MissingParameter', `The request must contain the parameter ${name}`); }
  return values;
}
