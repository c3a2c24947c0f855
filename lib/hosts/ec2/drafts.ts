import { CreateTagsCommand, type Image } from '@aws-sdk/client-ec2';
import { settleDraft, whenAvailable, type Ec2Draft } from './capture';
import type { Cloud } from './cloud';
import { removeImage, removeSnapshot } from './image-removal';
import { NOT_YET } from './not-yet';
import { copyRegions, idsOf, isSound, ownImages, ownSnapshots } from './own-images';
import { retractParameters, TOLD, toldBy, type ToldParameter } from './parameters';
import { awsTags, buildTags, TAGS, tagFilter, tagOf } from './tags';
import type { BuildKeys } from '../../plan/keys';
import type { Plan } from '../../plan/model';
import type { DeadBuild, HostContext } from '../../ports/host';

/** The draft of this key that a dead build captured, as a draft of this build. Of several, the newest; those that failed are removed. */
export async function findDraft(
  cloud: Cloud, plan: Plan, keys: BuildKeys, context: HostContext, builds: readonly DeadBuild[],
): Promise<Ec2Draft | undefined> {
  if (builds.length === 0) { return undefined; }
  const region = await cloud.regionOf(plan);
  const { buildId, signal } = context;
  const filters = [tagFilter(TAGS.buildKey, keys.build), tagFilter(TAGS.state, 'draft'), tagFilter(TAGS.build, ...builds.map((each) => each.buildId))];
  for (const image of await ownImages(cloud, region, filters, signal)) {
    if (tagOf(image.Tags, TAGS.copyOf) !== undefined) { continue; }
    const finished = isSound(image) ? await whenAvailable(cloud, region, image.ImageId!, signal) : image;
    if (finished.State !== 'available') {
      await removeImage(cloud, region, finished);
      continue;
    }
    const told = builds.flatMap(toldBy);
    // The image says in a moment that it is of this build: it is for this one then to take back what those told.
    for (const each of told) { await context.intend(TOLD, { ...each }); }
    await adopt(cloud, region, finished, plan, buildId, signal);
    await settleDraft(cloud, region, plan, finished, buildId, signal);
    return { id: image.ImageId!, files: [], region, plan, keys, buildId, told };
  }
  return undefined;
}

/** Removes a draft, with what was made of it in other regions. Nothing that another build has adopted since. */
export async function discardDraft(cloud: Cloud, { region, plan, buildId, id, told }: Ec2Draft): Promise<void> {
  const [home] = await ownImages(cloud, region, [{ Name: 'image-id', Values: [id] }]);
  const regions = new Set([region, ...plan.delivery.regions.map((each) => each.region), ...home ? copyRegions(home) : []]);
  await removeUnpublished(cloud, { regions: [...regions], buildId, told });
}

export interface Unpublished {
  /** Where there may be something. */
  readonly regions: readonly string[];
  readonly buildId: string;
  /** A draft that stays. */
  readonly keep?: string;
  readonly told: readonly ToldParameter[];
}

/** Removes all images and snapshots that a build made and did not publish, and takes back that parameters name them. Returns a line for each. */
export async function removeUnpublished(cloud: Cloud, { regions, buildId, keep, told }: Unpublished): Promise<readonly string[]> {
  const everywhere = async <T>(act: (region: string) => Promise<readonly T[]>) => (await Promise.all(regions.map(act))).flat();
  const drafts = await everywhere((region) => ownImages(cloud, region, [tagFilter(TAGS.build, buildId), tagFilter(TAGS.state, 'draft')]));
  const originals = drafts.filter(({ ImageId, Tags }) => ImageId !== keep && tagOf(Tags, TAGS.copyOf) === undefined).map(({ ImageId }) => ImageId!);
  const lines: string[] = [];
  if (originals.length > 0) {
    lines.push(...await retractParameters(cloud, told));
    // A copy is published a moment before its original, by which it is found: it goes first, whichever build made it.
    lines.push(...await everywhere(async (region) => {
      const copies = await ownImages(cloud, region, [tagFilter(TAGS.copyOf, ...originals)]);
      return (await Promise.all(copies.map((copy) => removeImage(cloud, region, copy)))).flat();
    }));
  }
  return [...lines, ...await everywhere((region) => removeDrafts(cloud, region, buildId, keep))];
}

/** Those of one region. */
async function removeDrafts(cloud: Cloud, region: string, buildId: string, keep?: string): Promise<readonly string[]> {
  const filters = [tagFilter(TAGS.build, buildId), tagFilter(TAGS.state, 'draft')];
  const images = (await ownImages(cloud, region, filters)).filter(({ ImageId, Tags }) => (
    keep === undefined || (ImageId !== keep && tagOf(Tags, TAGS.copyOf) !== keep)
  ));
  const lines = await Promise.all(images.map((image) => removeImage(cloud, region, image)));
  // Those of images that never came to be, or that EC2 had forgotten before their snapshots were known.
  const left = [...await ownImages(cloud, region, filters), ...keep === undefined ? [] : await ownImages(cloud, region, [{ Name: 'image-id', Values: [keep] }])];
  const kept = new Set(left.flatMap(idsOf));
  const snapshots = (await ownSnapshots(cloud, region, filters)).filter(({ SnapshotId }) => !kept.has(SnapshotId!));
  const removed = await Promise.all(snapshots.map(({ SnapshotId }) => removeSnapshot(cloud, region, SnapshotId!)));
  return [...lines, ...removed].flat();
}

async function adopt(cloud: Cloud, region: string, image: Image, plan: Plan, buildId: string, signal: AbortSignal): Promise<void> {
  const { [TAGS.build]: build, [TAGS.lease]: lease } = buildTags(plan, buildId, cloud.clock);
  await cloud.clients.ec2(region).send(new CreateTagsCommand({
    Resources: [...idsOf(image)], Tags: awsTags({ [TAGS.build]: build, [TAGS.lease]: lease }),
  }), { signal, notYet: NOT_YET });
}
