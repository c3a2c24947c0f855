import { CreateTagsCommand, DeleteTagsCommand, type Image } from '@aws-sdk/client-ec2';
import type { Ec2Draft } from './capture';
import type { Cloud } from './cloud';
import { publishToConsumers, recordConsumers } from './consumers';
import { protectImage } from './image-settings';
import { writeManifest } from './manifest-file';
import { NOT_YET } from './not-yet';
import { copyOf, idsOf, ownImage } from './own-images';
import { publishedId, publishParameter, TOLD, type ToldParameter } from './parameters';
import { awsTags, TAGS } from './tags';
import { GoldenError } from '../../errors';
import { wantedRegions } from '../../policies/regions';
import type { Artifact, HostContext } from '../../ports/host';

/**
 * Tells of an image: in the parameters that stacks read, first where the copies are; then on the image itself, from when on it
 * makes other builds of its key needless; then in the manifest. Whoever does it again changes nothing that is done.
 */
export async function publishImage(cloud: Cloud, draft: Ec2Draft, manifest: object, context: HostContext): Promise<Artifact> {
  const { region, plan, keys, id } = draft;
  const { signal } = context;
  const bootTested = Array.isArray((manifest as { readonly checks?: { readonly bootTest?: unknown } }).checks?.bootTest);
  // Where nobody else is told first, this is still so in a moment.
  const others = [...wantedRegions(plan, region), ...plan.delivery.consumers ?? []];
  const before = others.length === 0 ? publishedId(cloud, region, plan.delivery.parameterName, signal) : undefined;
  before?.catch(() => undefined);
  const found = await Promise.all([
    ownImage(cloud, region, id, signal), ...wantedRegions(plan, region).map((each) => copyOf(cloud, each.region, id, signal)),
  ]);
  const regions = [region, ...wantedRegions(plan, region).map((each) => each.region)];
  const places = found.map((image, index) => ({ place: regions[index], image: image ?? missing(id, regions[index], plan.image) }));
  const record = async (told: ToldParameter) => {
    await context.intend(TOLD, { ...told });
    draft.told.push(told);
  };
  const tell = ({ place, image }: { readonly place: string; readonly image: Image }) => (
    publishParameter(cloud, place, plan, { imageId: image.ImageId!, buildKey: keys.build, before }, signal, record)
  );
  const mark = ({ place, image }: { readonly place: string; readonly image: Image }) => markPublished(cloud, place, image, { bootTested }, context);
  const [home, ...copies] = places;
  await recordConsumers(cloud, region, home.image, plan, signal);
  await Promise.all(copies.map(tell));
  await publishToConsumers(cloud, plan, new Map(places.map(({ place, image }) => [place, image])), keys.build, signal, record);
  await tell(home);
  await Promise.all(copies.map(mark));
  await mark(home);
  // It is out: what is left is done, whoever is about to leave.
  await Promise.all(places.map(({ place, image }) => protectImage(cloud, place, image, plan)));
  const images = Object.fromEntries(places.map(({ place, image }) => [place, image.ImageId!]));
  const full = { ...manifest, buildKey: keys.build, definitionHash: plan.definitionHash, images, parameter: plan.delivery.parameterName, files: [] };
  await writeManifest(cloud.outputFolder, plan.image, keys.build, full);
  return { id, buildKey: keys.build, files: [], manifest: full };
}

/** Says on an image and its snapshots that it is published, and that no lease is to be renewed any more. */
export async function markPublished(
  cloud: Cloud, region: string, image: Image, { bootTested }: { readonly bootTested: boolean }, { signal, report }: HostContext,
): Promise<void> {
  const Resources = [...idsOf(image)];
  const ec2 = cloud.clients.ec2(region);
  cloud.leases.remove(region, ...Resources);
  await ec2.send(new CreateTagsCommand({
    Resources, Tags: awsTags({ [TAGS.state]: 'published', ...bootTested && { [TAGS.bootTested]: 'true' } }),
  }), { signal, notYet: NOT_YET });
  try {
    await ec2.send(new DeleteTagsCommand({ Resources, Tags: [{ Key: TAGS.lease }] }), { notYet: NOT_YET });
  } catch (error) {
    if (!GoldenError.is(error) || error.code !== 'access-denied') { throw error; }
    // It is published all the same: what says so has no use for a lease.
    report({ type: 'notice', level: 'warning', message: `The tag ${TAGS.lease} stays on ${image.ImageId} in ${region}. ${error.message}` });
  }
}

function missing(imageId: string, region: string, path: string): never {
  throw new GoldenError('image-gone', `The image ${imageId} or its copy is not in ${region} any more`, { path, hint: 'Build again.' });
}
