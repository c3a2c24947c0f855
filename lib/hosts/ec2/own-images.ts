import { DescribeImagesCommand, DescribeSnapshotsCommand, type Filter, type Image, type Snapshot } from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { NOT_YET } from './not-yet';
import { allPages } from './pages';
import { TAGS, tagFilter, tagOf } from './tags';

/** Images of this account in a region that the filters match, the newest first. */
export async function ownImages(cloud: Cloud, region: string, filters: readonly Filter[], signal?: AbortSignal): Promise<readonly Image[]> {
  const ec2 = cloud.clients.ec2(region);
  const pages = await allPages((NextToken) => (
    ec2.send(new DescribeImagesCommand({ Owners: ['self'], Filters: [...filters], NextToken }), { signal, notYet: NOT_YET })
  ));
  return pages.flatMap(({ Images = [] }) => Images).sort((a, b) => (b.CreationDate ?? '').localeCompare(a.CreationDate ?? ''));
}

/** Snapshots of this account in a region that the filters match. */
export async function ownSnapshots(cloud: Cloud, region: string, filters: readonly Filter[], signal?: AbortSignal): Promise<readonly Snapshot[]> {
  const ec2 = cloud.clients.ec2(region);
  const pages = await allPages((NextToken) => (
    ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: [...filters], NextToken }), { signal, notYet: NOT_YET })
  ));
  return pages.flatMap(({ Snapshots = [] }) => Snapshots);
}

/** The image with this ID, where it is of this account. */
export async function ownImage(cloud: Cloud, region: string, imageId: string, signal?: AbortSignal): Promise<Image | undefined> {
  return (await ownImages(cloud, region, [{ Name: 'image-id', Values: [imageId] }], signal))[0];
}

/** The copy of an image in another region, that is there or on its way. */
export async function copyOf(cloud: Cloud, region: string, imageId: string, signal?: AbortSignal): Promise<Image | undefined> {
  const copies = await ownImages(cloud, region, [tagFilter(TAGS.copyOf, imageId)], signal);
  return copies.find(isSound);
}

/** Whether it can be launched, or will be. */
export function isSound({ State }: Image): boolean {
  return State === 'available' || State === 'pending';
}

/** IDs of the snapshots that an image consists of, as far as they are known. */
export function snapshotsOf({ BlockDeviceMappings = [] }: Image): readonly string[] {
  return BlockDeviceMappings.flatMap(({ Ebs }) => Ebs?.SnapshotId ?? []);
}

/** The image and its snapshots. */
export function idsOf(image: Image): readonly string[] {
  return [image.ImageId!, ...snapshotsOf(image)];
}

/** Regions that an image was copied to, by what it says itself. */
export function copyRegions({ Tags }: Image): readonly string[] {
  return (tagOf(Tags, TAGS.regions) ?? '').split(' ').filter((region) => region !== '');
}
