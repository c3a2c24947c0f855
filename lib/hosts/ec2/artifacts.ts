import type { Image } from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { readManifest } from './manifest-file';
import { ownImages } from './own-images';
import { TAGS, tagFilter, tagOf } from './tags';
import type { BuildKeys } from '../../plan/keys';
import type { Plan } from '../../plan/model';
import type { Artifact } from '../../ports/host';

/** Images as they were when their artifacts were found: who makes one agree with its plan need not ask again. */
const found = new WeakMap<Artifact, Image>();

/** The image of an artifact that was found. */
export function foundImage(artifact: Artifact): Image | undefined {
  return found.get(artifact);
}

/** The published image of a key, the newest of several. One that was deregistered is none: it is built anew. */
export async function findArtifact(cloud: Cloud, plan: Plan, keys: BuildKeys): Promise<Artifact | undefined> {
  const image = await publishedImage(cloud, await cloud.regionOf(plan), keys.build);
  if (!image) { return undefined; }
  const written = await readManifest(cloud.outputFolder, plan.image, keys.build);
  const isOfImage = Object.values(written?.images ?? {}).includes(image.ImageId);
  const artifact: Artifact = { id: image.ImageId!, buildKey: keys.build, files: [], manifest: isOfImage ? written! : manifestOf(image) };
  found.set(artifact, image);
  return artifact;
}

/** The published image of a build key in a region. */
async function publishedImage(cloud: Cloud, region: string, buildKey: string): Promise<Image | undefined> {
  const filters = [tagFilter(TAGS.buildKey, buildKey), tagFilter(TAGS.state, 'published'), { Name: 'state', Values: ['available'] }];
  return (await ownImages(cloud, region, filters)).find(({ Tags }) => tagOf(Tags, TAGS.copyOf) === undefined);
}

/** What an image says of itself where its manifest is on another computer. */
function manifestOf({ Tags, ImageId, CreationDate }: Image): { readonly [key: string]: unknown } {
  const bootTested = tagOf(Tags, TAGS.bootTested) === 'true';
  return {
    version: 1,
    image: tagOf(Tags, TAGS.image),
    definitionHash: tagOf(Tags, TAGS.definitionHash),
    deliveryHash: tagOf(Tags, TAGS.deliveryHash),
    buildKey: tagOf(Tags, TAGS.buildKey),
    buildId: tagOf(Tags, TAGS.build),
    source: { id: tagOf(Tags, TAGS.source) },
    host: { kind: 'ec2' },
    finishedAt: CreationDate,
    checks: bootTested ? { bootTest: [] } : {},
    imageId: ImageId,
    files: [],
  };
}
