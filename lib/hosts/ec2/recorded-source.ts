import type { Image } from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import type { ImageOrigin } from './launch-preparation';
import { isSound, ownImages } from './own-images';
import { publishedId } from './parameters';
import { TAGS, tagFilter, tagOf } from './tags';
import type { Plan } from '../../plan/model';

/** What is known of earlier builds of a definition. */
export interface Recorded {
  /** What it was built of. Absent: it was not built there yet, or what was built is gone. */
  readonly origin?: ImageOrigin;
  /** No image of it is there, finished or not. */
  readonly isNew?: boolean;
}

/**
 * What the definition of an image was built of in a region, by the image that its parameter names; by the newest published one
 * where nothing is written there.
 */
export async function recordedSource(cloud: Cloud, region: string, { definition, definitionHash, delivery }: Plan): Promise<Recorded> {
  // Nothing else can come of those.
  if (definition.source.type === 'ami' || definition.source.type === 'local') { return {}; }
  const [named, images] = await Promise.all([
    publishedId(cloud, region, delivery.parameterName),
    ownImages(cloud, region, [tagFilter(TAGS.definitionHash, definitionHash)]),
  ]);
  const sound = images.filter(isSound);
  const candidates = sound.filter(isOriginal);
  const published = () => candidates.find(({ Tags }) => tagOf(Tags, TAGS.state) === 'published');
  // A draft that is named is one of a build that was killed a moment before its end, and goes on.
  const image = candidates.find(({ ImageId }) => ImageId === named) ?? (isMissing(named, sound) ? undefined : published());
  const imageId = tagOf(image?.Tags, TAGS.source);
  return {
    isNew: images.length === 0,
    ...imageId !== undefined && { origin: { imageId, buildKey: tagOf(image?.Tags, TAGS.sourceKey) } },
  };
}

/** Copies record a source in another region, layers are no images. */
function isOriginal({ Tags }: Image): boolean {
  return tagOf(Tags, TAGS.copyOf) === undefined && tagOf(Tags, TAGS.state) !== 'layer';
}

function isMissing(named: string | undefined, images: readonly Image[]): boolean {
  return named !== undefined && !images.some(({ ImageId }) => ImageId === named);
}
