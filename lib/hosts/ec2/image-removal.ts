import {
  DeleteSnapshotCommand, DeregisterImageCommand, DisableImageDeregistrationProtectionCommand, type Image,
} from '@aws-sdk/client-ec2';
import { awsCode, awsMessage } from './aws-errors';
import type { Cloud } from './cloud';
import { GONE } from './not-yet';
import { ownImage, ownSnapshots, snapshotsOf } from './own-images';
import { GoldenError } from '../../errors';

/** Removes an image with the snapshots that it alone is made of. Returns a line for each thing it removed. May be called for what is gone. */
export async function removeImage(cloud: Cloud, region: string, image: Image): Promise<readonly string[]> {
  const imageId = image.ImageId!;
  const snapshots = snapshotsOf(image);
  cloud.leases.remove(region, imageId, ...snapshots);
  if (image.DeregistrationProtection?.startsWith('enabled')) { await unprotect(cloud, region, imageId); }
  const lines = await deregister(cloud, region, imageId) ? [`image ${imageId} (${image.Name}) in ${region}`] : [];
  const removed = await Promise.all(snapshots.map((id) => removeSnapshot(cloud, region, id)));
  return [...lines, ...removed.flat()];
}

/**
 * Takes the protection from images that are to be removed, before any of them is. Errors: `protected-image`, where one stays
 * protected for a day after that.
 */
export async function unprotectImages(cloud: Cloud, places: readonly { readonly region: string; readonly image: Image }[]): Promise<void> {
  const isProtected = places.filter(({ image }) => image.DeregistrationProtection?.startsWith('enabled'));
  await Promise.all(isProtected.map(({ region, image }) => unprotect(cloud, region, image.ImageId!)));
  const cooling = isProtected.filter(({ image }) => image.DeregistrationProtection === 'enabled-with-cooldown');
  if (cooling.length > 0) { throw stillProtected(cooling.map(({ region, image }) => `${image.ImageId} in ${region}`).join(', ')); }
}

/** Removes a snapshot, unless another image is made of it. Returns a line where it removed it. */
export async function removeSnapshot(cloud: Cloud, region: string, snapshotId: string): Promise<readonly string[]> {
  cloud.leases.remove(region, snapshotId);
  const isThere = async () => (await ownSnapshots(cloud, region, [{ Name: 'snapshot-id', Values: [snapshotId] }])).length > 0;
  const done = await remove(isThere, async () => {
    await cloud.clients.ec2(region).send(new DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  });
  return done ? [`snapshot ${snapshotId} in ${region}`] : [];
}

/** The service may remove the snapshots as well; those that it keeps are looked after by the caller. */
async function deregister(cloud: Cloud, region: string, imageId: string): Promise<boolean> {
  return remove(async () => await ownImage(cloud, region, imageId) !== undefined, async () => {
    await cloud.clients.ec2(region).send(new DeregisterImageCommand({ ImageId: imageId }));
  });
}

async function unprotect(cloud: Cloud, region: string, imageId: string): Promise<void> {
  await cloud.clients.ec2(region).send(new DisableImageDeregistrationProtectionCommand({ ImageId: imageId }), { notYet: ['InvalidAMIID.NotFound'] });
}

/** Removes a thing. That it is not found counts only where a look confirms it: what was made a moment ago may not be known everywhere. */
async function remove(isThere: () => Promise<boolean>, act: () => Promise<void>): Promise<boolean> {
  const tries = 3;
  for (let count = 1; ; count++) {
    try {
      await act();
      return true;
    } catch (error) {
      const code = awsCode(error);
      // Another image is made of it.
      if (code === 'InvalidSnapshot.InUse') { return false; }
      if (code === 'OperationNotPermitted') { throw stillProtected(awsMessage(error), error); }
      if (!GONE.has(code)) { throw error; }
      if (!await isThere()) { return false; }
      if (count === tries) { throw new GoldenError('aws-error', `It is there, but cannot be removed: ${awsMessage(error)}`, { cause: error }); }
    }
  }
}

function stillProtected(what: string, cause?: unknown): GoldenError {
  return new GoldenError('protected-image', `An image stays protected for 24 hours after its protection was taken away: ${what}`, {
    hint: 'Do the same again after that time. Until then nothing else of it is removed.', cause,
  });
}
