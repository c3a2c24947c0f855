import { DescribeImagesCommand, type Filter, type Image } from '@aws-sdk/client-ec2';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { awsCode } from './aws-errors';
import type { Cloud } from './cloud';
import { recordedSource, type Recorded } from './recorded-source';
import { tagFilter, tagOf, TAGS } from './tags';
import { GoldenError } from '../../errors';
import type { FilterSource, ImageSource, ParameterSource, Plan } from '../../plan/model';
import type { HostContext, ResolvedSource, SourceOptions } from '../../ports/host';

const foundImages = new WeakMap<ResolvedSource, Image>();

/** How many of several matches an error shows. */
const SHOWN = 5;

/**
 * Finds the AMI that an image starts from: the one that its definition was built of before, unless a newer one is asked for. Its
 * ID says the encryption, too: disks with another key are other disks.
 * Errors: `no-source`, `ambiguous-source`, `unusable-source`, `wrong-architecture`, `local-source`.
 */
export async function resolveSource(
  cloud: Cloud, region: string, plan: Plan, context: HostContext, { parentKey, newerSource = false }: SourceOptions = {},
): Promise<ResolvedSource> {
  const { encrypted, key: keyName } = plan.delivery.encryption;
  const [{ origin: recorded, isNew }, key] = await Promise.all([
    newerSource ? {} as Recorded : recordedSource(cloud, region, plan),
    keyName && context.late(keyName),
  ]);
  const idOf = (imageId: string) => `${imageId}${encrypted && key ? `+${key}` : ''}${encrypted ? '' : '+unencrypted'}`;
  // What was built of another build of its parent was built of another parent.
  if (recorded && (parentKey === undefined || recorded.buildKey === parentKey)) {
    const { imageId, buildKey } = recorded;
    const isThere = async () => (await images(cloud, region, [{ Name: 'image-id', Values: [imageId] }])).some(({ State }) => State === 'available');
    return { id: idOf(imageId), buildKey, description: `${imageId} in ${region}, as when it was first built`, isThere };
  }
  const image = await findSource(cloud, region, plan, parentKey);
  requireUsable(image, plan);
  const source: ResolvedSource = {
    id: idOf(image.ImageId!),
    description: `${image.Name ?? 'an AMI without a name'} (${image.ImageId} in ${region})`,
    isNew,
    ...plan.definition.source.type === 'image' && { buildKey: tagOf(image.Tags, TAGS.buildKey) },
  };
  foundImages.set(source, image);
  return source;
}

/** The AMI of a source as it was when that was found: who launches from it need not ask again. */
export function foundSource(source: ResolvedSource): Image | undefined {
  return foundImages.get(source);
}

/** The AMI of a resolved source. */
export function sourceImageId({ id }: ResolvedSource): string {
  return id.split('+')[0];
}

async function findSource(cloud: Cloud, region: string, plan: Plan, parentKey: string | undefined): Promise<Image> {
  const { source } = plan.definition;
  switch (source.type) {
    case 'ami': return byId(cloud, region, plan, source.imageId);
    case 'filter': return byFilter(cloud, region, plan, source);
    case 'ssm': return byId(cloud, region, plan, await readParameter(cloud, region, plan, source));
    case 'image': return byIdentity(cloud, region, plan, source, parentKey);
    case 'local':
      throw new GoldenError('local-source', 'Its source has no counterpart in the cloud', {
        kind: 'invalid', path: plan.image, hint: 'Give the image a source with an AMI, or build it with --host sandbox.',
      });
  }
}

async function byId(cloud: Cloud, region: string, plan: Plan, imageId: string): Promise<Image> {
  const [image] = await images(cloud, region, [{ Name: 'image-id', Values: [imageId] }]);
  if (image) { return image; }
  throw new GoldenError('no-source', `There is no AMI ${imageId} in ${region} that this account may use`, {
    path: plan.image, hint: 'AMI IDs are of one region; see that it is shared with this account, and not deregistered.',
  });
}

async function byFilter(cloud: Cloud, region: string, plan: Plan, source: FilterSource): Promise<Image> {
  const filters = Object.entries(source.filters).map(([Name, values]) => ({ Name, Values: [...values] }));
  const found = await images(cloud, region, [...filters, { Name: 'state', Values: ['available'] }], source.owners);
  const shown = `owners ${source.owners.join(', ')}; ${filters.map(({ Name, Values }) => `${Name} = ${Values.join(' | ')}`).join('; ')}`;
  if (found.length === 0) {
    throw new GoldenError('no-source', `No AMI in ${region} matches: ${shown}`, {
      path: plan.image, hint: 'Loosen the filter, or see that the owner publishes the image in this region.',
    });
  }
  if (found.length > 1 && !source.mostRecent) {
    const names = found.slice(0, SHOWN).map(({ ImageId, Name }) => `${ImageId} ${Name}`).join('\n  ');
    throw new GoldenError('ambiguous-source', `${found.length} AMIs in ${region} match: ${shown}\n  ${names}${found.length > SHOWN ? '\n  ...' : ''}`, {
      path: plan.image, hint: 'Narrow the filter, or take the newest with mostRecent.',
    });
  }
  return newest(found)!;
}

async function readParameter(cloud: Cloud, region: string, plan: Plan, { parameter }: ParameterSource): Promise<string> {
  try {
    const { Parameter } = await cloud.clients.ssm(region).send(new GetParameterCommand({ Name: parameter }));
    const value = Parameter?.Value ?? '';
    // Those of ECS are JSON objects.
    const imageId = /\bami-[0-9a-f]{8,17}\b/.exec(value)?.[0];
    if (imageId) { return imageId; }
    throw new GoldenError('unusable-source', `The parameter ${parameter} in ${region} holds no AMI ID`, { path: plan.image });
  } catch (error) {
    if (awsCode(error) !== 'ParameterNotFound') { throw error; }
    throw new GoldenError('no-source', `There is no parameter ${parameter} in ${region}`, {
      path: plan.image, hint: 'See its name, and that it is published in this region.', cause: error,
    });
  }
}

/** The published AMI of another image of ours: of one build, or the newest of its definition. */
async function byIdentity(cloud: Cloud, region: string, plan: Plan, source: ImageSource, parentKey: string | undefined): Promise<Image> {
  const identity = parentKey === undefined ? tagFilter(TAGS.definitionHash, source.definitionHash) : tagFilter(TAGS.buildKey, parentKey);
  const found = newest(await images(cloud, region, [identity, tagFilter(TAGS.state, 'published'), { Name: 'state', Values: ['available'] }], ['self']));
  if (found) { return found; }
  throw new GoldenError('no-source', `The image ${source.image} that it starts from has no AMI in ${region}, as it is defined now`, {
    path: plan.image, hint: `Build it first: golden build ${source.image}`,
  });
}

async function images(cloud: Cloud, region: string, Filters: Filter[], owners?: readonly string[]): Promise<readonly Image[]> {
  const { Images = [] } = await cloud.clients.ec2(region).send(new DescribeImagesCommand({ Filters, Owners: owners ? [...owners] : undefined }));
  return Images;
}

function newest(found: readonly Image[]): Image | undefined {
  // Of two with one date, always the same.
  const rank = ({ CreationDate = '', ImageId }: Image) => `${CreationDate} ${ImageId}`;
  return [...found].sort((a, b) => (rank(a) < rank(b) ? 1 : -1))[0];
}

function requireUsable(image: Image, plan: Plan): void {
  const { architecture } = plan.definition.machine;
  const path = plan.image;
  if (image.State !== 'available') {
    throw new GoldenError('unusable-source', `The AMI ${image.ImageId} is ${image.State}`, { path, hint: 'Wait until it is available, or name another.' });
  }
  if (image.RootDeviceType !== undefined && image.RootDeviceType === 'instance-store') {
    throw new GoldenError('unusable-source', `The AMI ${image.ImageId} has no EBS root volume`, { path, hint: 'Only those can be captured. Name another.' });
  }
  if (image.Architecture !== architecture) {
    throw new GoldenError('wrong-architecture', `The AMI ${image.ImageId} (${image.Name}) is for ${image.Architecture}, and the image for ${architecture}`, {
      kind: 'invalid', path, hint: 'Change the architecture of the image, or its source.',
    });
  }
  if (tagOf(image.Tags, TAGS.state) === 'draft') {
    throw new GoldenError('unusable-source', `The AMI ${image.ImageId} is of a build that did not finish`, { path, hint: 'Name another.' });
  }
}
