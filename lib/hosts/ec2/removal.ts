import type { Filter, Image } from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { consumerParameters, recordedConsumers, type ConsumerParameter } from './consumers';
import { removeImage, removeSnapshot, unprotectImages } from './image-removal';
import { usersOf, type Removable } from './in-use';
import { removeManifest } from './manifest-file';
import { copyRegions, ownImages, ownSnapshots, snapshotsOf } from './own-images';
import { publishedId, removeParameter } from './parameters';
import { TAGS, tagFilter, tagOf } from './tags';
import { GoldenError } from '../../errors';
import type { HostContext, RemovedImage } from '../../ports/host';

/** An image that is to be removed, with the parameter that names it. */
interface Doomed extends Removable {
  readonly image: Image;
}

/**
 * Removes all published images of a plan with their snapshots, copies and parameters, and its layers; or says what it would
 * remove. Nothing at all where one of them is in use. Errors: `image-in-use`, `protected-image`.
 */
export async function removeArtifacts(
  cloud: Cloud, plan: RemovedImage, { dryRun }: { readonly dryRun: boolean }, { signal }: HostContext,
): Promise<readonly string[]> {
  const doomed = await doomedImages(cloud, plan, signal);
  const abroad = await parametersAbroad(cloud, plan, doomed);
  const regions = [...new Set(doomed.map(({ region }) => region))];
  const users = (await Promise.all(regions.map((region) => usersOf(cloud, region, doomed.filter((each) => each.region === region))))).flat();
  if (users.length > 0) {
    throw new GoldenError('image-in-use', `It is in use:\n${users.map((line) => `  ${line}`).join('\n')}`, {
      path: plan.image, hint: 'Let them go on to another image, deploy the stacks that name it, and do the same again.',
    });
  }
  const lost = await lostSnapshots(cloud, plan, doomed, signal);
  if (dryRun) {
    return [...abroad.map(({ what }) => what), ...doomed.flatMap(linesOf), ...lost.map(({ region, snapshotId }) => `snapshot ${snapshotId} in ${region}`)];
  }
  await unprotectImages(cloud, doomed);
  const lines: string[] = [];
  for (const { remove } of abroad) { lines.push(...await remove()); }
  // What names an image goes before it, and copies before what they are copies of: their regions are written there.
  for (const { region, image, parameterName } of doomed) {
    if (parameterName !== undefined) { lines.push(...await removeParameter(cloud, region, parameterName, signal)); }
    lines.push(...await removeImage(cloud, region, image));
    await removeManifest(cloud.outputFolder, plan.image, tagOf(image.Tags, TAGS.buildKey) ?? '', image.ImageId!);
  }
  for (const { region, snapshotId } of lost) { lines.push(...await removeSnapshot(cloud, region, snapshotId)); }
  return lines;
}

/** Snapshots of images that somebody deregistered by hand: EC2 keeps them. */
async function lostSnapshots(
  cloud: Cloud, plan: RemovedImage, doomed: readonly Doomed[], signal: AbortSignal,
): Promise<readonly { readonly region: string; readonly snapshotId: string }[]> {
  const home = await cloud.regionOf({ target: plan.target ?? {} });
  const regions = new Set([home, ...plan.delivery?.regions.map(({ region }) => region) ?? [], ...doomed.map(({ region }) => region)]);
  const known = new Set(doomed.flatMap(({ image }) => snapshotsOf(image)));
  const lost = await Promise.all([...regions].map(async (region) => {
    const snapshots = await taggedAs(plan, (filters) => ownSnapshots(cloud, region, filters, signal));
    const ids = new Set(snapshots.map(({ SnapshotId }) => SnapshotId!).filter((id) => !known.has(id)));
    return [...ids].map((snapshotId) => ({ region, snapshotId }));
  }));
  return lost.flat();
}

/** Copies come before what they are copies of. */
async function doomedImages(cloud: Cloud, plan: RemovedImage, signal: AbortSignal): Promise<readonly Doomed[]> {
  const home = await cloud.regionOf({ target: plan.target ?? {} });
  const own = await imagesOf(cloud, home, plan, signal);
  const regions = new Set([...plan.delivery?.regions.map(({ region }) => region) ?? [], ...own.flatMap(copyRegions)]);
  regions.delete(home);
  const elsewhere = await Promise.all([...regions].map(async (region) => ({ region, images: await imagesOf(cloud, region, plan, signal) })));
  const places = [...elsewhere, { region: home, images: own }];
  const doomed = await Promise.all(places.map(async ({ region, images }) => {
    return Promise.all(images.map(async (image): Promise<Doomed> => ({
      region, image, imageId: image.ImageId!, parameterName: await parameterOf(cloud, region, image, plan, signal),
    })));
  }));
  return doomed.flat();
}

/** The parameter that names an image. Its name follows the definition: an earlier image has another one than the plan. */
async function parameterOf(cloud: Cloud, region: string, image: Image, plan: RemovedImage, signal: AbortSignal): Promise<string | undefined> {
  const name = nameOf(image, plan);
  if (name === undefined) { return undefined; }
  return await publishedId(cloud, region, name, signal) === image.ImageId ? name : undefined;
}

function nameOf({ Tags }: Image, { delivery }: RemovedImage): string | undefined {
  return tagOf(Tags, TAGS.state) === 'layer' ? undefined : tagOf(Tags, TAGS.parameter) ?? delivery?.parameterName;
}

/** Parameters in other accounts that name one of the images. */
async function parametersAbroad(cloud: Cloud, plan: RemovedImage, doomed: readonly Doomed[]): Promise<readonly ConsumerParameter[]> {
  const imageIds = new Set(doomed.map(({ imageId }) => imageId));
  const names = new Set(doomed.flatMap(({ image }) => nameOf(image, plan) ?? []));
  const all = [...plan.delivery?.consumers ?? [], ...doomed.flatMap(({ image }) => recordedConsumers(image))];
  const consumers = [...new Map(all.map((consumer) => [JSON.stringify([consumer.account, consumer.region, consumer.roleName]), consumer])).values()];
  const found = await Promise.all([...names].map((name) => consumerParameters(cloud, consumers, name, imageIds, plan.image)));
  return found.flat();
}

/** Published images and layers: as it is defined now, wherever in the app; and as it was defined before, at this place in the app. */
async function imagesOf(cloud: Cloud, region: string, plan: RemovedImage, signal: AbortSignal): Promise<readonly Image[]> {
  const images = await taggedAs(plan, (filters) => ownImages(cloud, region, filters, signal));
  return [...new Map(images.map((image) => [image.ImageId!, image])).values()];
}

async function taggedAs<T extends Pick<Image, 'Tags'>>(
  { image: path, definitionHash }: RemovedImage, find: (filters: Filter[]) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  const states = tagFilter(TAGS.state, 'published', 'layer');
  const [byDefinition, byPath] = await Promise.all([
    definitionHash === undefined ? [] : find([states, tagFilter(TAGS.definitionHash, definitionHash)]),
    find([states, tagFilter(TAGS.image, path.slice(0, 256))]),
  ]);
  // A path may hold what is a wildcard in filters.
  return [...byDefinition, ...byPath.filter(({ Tags }) => tagOf(Tags, TAGS.image) === path.slice(0, 256))];
}

function linesOf({ region, image, parameterName }: Doomed): readonly string[] {
  const what = tagOf(image.Tags, TAGS.state) === 'layer' ? 'layer' : 'image';
  return [
    ...parameterName !== undefined ? [`parameter ${parameterName} in ${region}`] : [],
    `${what} ${image.ImageId} (${image.Name}) in ${region}`,
    ...snapshotsOf(image).map((snapshotId) => `snapshot ${snapshotId} in ${region}`),
  ];
}
