import type { Image, Tag } from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { removeTemporary } from './dead-builds';
import { removeUnpublished } from './drafts';
import { removeImage, removeSnapshot } from './image-removal';
import { copyRegions, idsOf, ownImages, ownSnapshots } from './own-images';
import { toldBy } from './parameters';
import { removeStaged } from './staging-bucket';
import { TAGS, tagFilter, tagOf } from './tags';
import type { DeadBuild, DraftArtifact, GarbageScope, HostContext } from '../../ports/host';

const DAY_MS = 24 * 60 * 60_000;

/** Layers that nobody launched for so long make room. */
const LAYER_DAYS = 30;

/** Removes what dead builds left in the account, going by tags alone: in the host's region, those named, and those that images were copied to. */
export async function collectGarbage(cloud: Cloud, context: HostContext, scope: GarbageScope = {}): Promise<readonly string[]> {
  const named = new Set([...await defaultRegion(cloud, scope), ...scope.regions ?? []]);
  const lines: string[] = [];
  const visited = new Set<string>();
  for (let waiting = [...named]; waiting.length > 0; waiting = waiting.filter((region) => !visited.has(region))) {
    const region = waiting[0];
    visited.add(region);
    const images = await ownImages(cloud, region, [tagFilter(TAGS.managed, 'true')], context.signal);
    waiting.push(...images.flatMap(copyRegions));
    lines.push(...await collectRegion(cloud, region, images));
  }
  return lines;
}

/** Removes all that one build left, but for layers and what is published. */
export async function removeBuild(cloud: Cloud, build: DeadBuild, _context: HostContext, keep?: DraftArtifact): Promise<readonly string[]> {
  const regions = new Set(build.intents.flatMap(({ detail }) => (typeof detail.region === 'string' ? [detail.region] : [])));
  const filters = [tagFilter(TAGS.build, build.buildId)];
  const lines = await Promise.all([...regions].map(async (region) => [
    ...await removeTemporary(cloud, region, filters, isTemporary),
    ...await removeStaged(cloud, region, (buildId) => buildId === build.buildId),
  ]));
  return [...lines.flat(), ...await removeUnpublished(cloud, { regions: [...regions], buildId: build.buildId, keep: keep?.id, told: toldBy(build) })];
}

async function collectRegion(cloud: Cloud, region: string, images: readonly Image[]): Promise<readonly string[]> {
  const isOver = (tags: readonly Tag[] | undefined) => isLeaseOver(tags, cloud.clock.now());
  const lines = [...await removeTemporary(cloud, region, [tagFilter(TAGS.managed, 'true'), tagFilter(TAGS.build)], (tags) => isTemporary(tags) && isOver(tags))];
  for (const image of images) {
    if (!isDeadDraft(image, isOver) && !isUnusedLayer(image, cloud.clock.now())) { continue; }
    lines.push(...await removeImage(cloud, region, image));
  }
  const used = new Set((await ownImages(cloud, region, [tagFilter(TAGS.managed, 'true')])).flatMap(idsOf));
  const snapshots = await ownSnapshots(cloud, region, [tagFilter(TAGS.managed, 'true')]);
  for (const { SnapshotId, Tags } of snapshots) {
    // Of an image that is gone, or that never came to be. A published one's may be all that is left of it: its owner removed the image only.
    if (used.has(SnapshotId!) || tagOf(Tags, TAGS.state) === 'published' || !isOver(Tags)) { continue; }
    lines.push(...await removeSnapshot(cloud, region, SnapshotId!));
  }
  lines.push(...await removeStaged(cloud, region));
  return lines;
}

/** What is kept on purpose has no build; what is published has another state. */
function isTemporary(tags: readonly Tag[]): boolean {
  return tagOf(tags, TAGS.build) !== undefined && tagOf(tags, TAGS.managed) === 'true';
}

/** Without a lease nobody says that it is needed. */
function isLeaseOver(tags: readonly Tag[] | undefined, now: number): boolean {
  const lease = tagOf(tags, TAGS.lease);
  return lease !== undefined && Date.parse(lease) < now;
}

function isDeadDraft({ Tags, State }: Image, isOver: (tags: readonly Tag[] | undefined) => boolean): boolean {
  const state = tagOf(Tags, TAGS.state);
  if (state === 'draft') { return isOver(Tags); }
  return state === 'layer' && State !== 'available' && State !== 'pending' && isOver(Tags);
}

function isUnusedLayer({ Tags, LastLaunchedTime, CreationDate }: Image, now: number): boolean {
  if (tagOf(Tags, TAGS.state) !== 'layer') { return false; }
  const used = Math.max(...[LastLaunchedTime, CreationDate].map((time) => Date.parse(time ?? '')).filter((time) => !Number.isNaN(time)));
  return Number.isFinite(used) && now - used > LAYER_DAYS * DAY_MS;
}

/** Where regions are named, those are enough. */
async function defaultRegion(cloud: Cloud, { regions = [] }: GarbageScope): Promise<readonly string[]> {
  try {
    return [await cloud.clients.defaultRegion()];
  } catch (error) {
    if (regions.length > 0) { return []; }
    throw error;
  }
}
