import type { Image } from '@aws-sdk/client-ec2';
import { foundImage } from './artifacts';
import type { Ec2Draft } from './capture';
import type { Cloud } from './cloud';
import { publishToConsumers, recordConsumers } from './consumers';
import { copyImage } from './copies';
import { protectImage, settleImage } from './image-settings';
import { copyRegions, ownImage } from './own-images';
import { publishParameter } from './parameters';
import { markPublished } from './publication';
import { imageTags, TAGS, tagOf, type TagMap } from './tags';
import { GoldenError } from '../../errors';
import type { Plan } from '../../plan/model';
import { wantedRegions } from '../../policies/regions';
import type { Artifact, CaptureRequest, HostContext } from '../../ports/host';

/** Takes a draft to all regions of the plan, and lets those use it whom the plan names. Errors: `copy-failed`, `public-access-blocked`. */
export async function distributeImage(cloud: Cloud, draft: Ec2Draft, { plan }: CaptureRequest, context: HostContext): Promise<void> {
  const { region, id, fresh } = draft;
  const image = fresh ?? await existingImage(cloud, region, id, plan, context.signal);
  const { copies } = await copyImage(cloud, { plan, region, image, tags: draftTags(cloud, plan, image, context.buildId) }, context);
  const places = new Map([[region, image], ...copies]);
  await eachPlace(places, (place, each) => settleImage(cloud, place, each, plan, context.signal, { shared: each !== fresh }));
}

/** Makes a published image, its copies and its parameters what the plan wants them to be now. Returns a line for each change. */
export async function reconcileImage(
  cloud: Cloud, artifact: Artifact, { plan, keys }: CaptureRequest, context: HostContext,
): Promise<readonly string[]> {
  const { signal } = context;
  const region = await cloud.regionOf(plan);
  const image = foundImage(artifact) ?? await existingImage(cloud, region, artifact.id, plan, signal);
  tellUnwanted(image, plan, region, context);
  const { copies, made } = await copyImage(cloud, { plan, region, image, tags: draftTags(cloud, plan, image, context.buildId) }, context);
  const places = new Map([[region, image], ...copies]);
  const bootTested = tagOf(image.Tags, TAGS.bootTested) === 'true';
  const lines = await eachPlace(places, async (place, each) => {
    const settled = await settleImage(cloud, place, each, plan, signal);
    // In a copy that was not finished when its build ended, as in a new one.
    if (tagOf(each.Tags, TAGS.state) !== 'published') { await markPublished(cloud, place, each, { bootTested }, context); }
    const told = await publishParameter(cloud, place, plan, { imageId: each.ImageId!, buildKey: keys.build }, signal);
    return [...settled, ...told, ...await protectImage(cloud, place, each, plan, signal)];
  });
  await recordConsumers(cloud, region, image, plan, signal);
  const consumers = await publishToConsumers(cloud, plan, places, keys.build, signal);
  return [...made.map((place) => `copied ${image.ImageId} to ${place}: ${places.get(place)!.ImageId}`), ...lines, ...consumers];
}

/** Errors: `image-gone`. */
async function existingImage(cloud: Cloud, region: string, imageId: string, plan: Plan, signal: AbortSignal): Promise<Image> {
  const image = await ownImage(cloud, region, imageId, signal);
  if (image) { return image; }
  throw new GoldenError('image-gone', `The image ${imageId} is not in ${region} any more`, { path: plan.image, hint: 'Build again.' });
}

/** Tags of copies until they are published. */
function draftTags(cloud: Cloud, plan: Plan, image: Image, buildId: string): TagMap {
  const buildKey = tagOf(image.Tags, TAGS.buildKey)!;
  return imageTags(plan, buildId, cloud.clock, {
    state: 'draft', buildKey, source: tagOf(image.Tags, TAGS.source), sourceKey: tagOf(image.Tags, TAGS.sourceKey),
  });
}

/** Somebody may launch from a copy that the plan no longer names: it is not removed, but told of. */
function tellUnwanted(image: Image, plan: Plan, home: string, context: HostContext): void {
  const wanted = new Set(wantedRegions(plan, home).map(({ region }) => region));
  const unwanted = copyRegions(image).filter((region) => !wanted.has(region));
  if (unwanted.length === 0) { return; }
  context.report({
    type: 'notice',
    level: 'info',
    message: `Copies of ${image.ImageId} remain in ${unwanted.join(', ')}, which the image no longer names. Remove them there once nobody uses them.`,
  });
}

/** Does something in all regions at the same time, and waits for all of them. */
async function eachPlace(
  places: ReadonlyMap<string, Image>, act: (region: string, image: Image) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  const results = await Promise.allSettled([...places].map(([region, image]) => act(region, image)));
  const failed = results.find((result) => result.status === 'rejected');
  if (failed) { throw failed.reason; }
  return results.flatMap((result) => (result as PromiseFulfilledResult<readonly string[]>).value);
}
