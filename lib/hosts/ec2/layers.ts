import { CreateImageCommand } from '@aws-sdk/client-ec2';
import { awsCode } from './aws-errors';
import { whenAvailable } from './capture';
import type { Cloud } from './cloud';
import type { Ec2Machine } from './ec2-machine';
import { removeImage } from './image-removal';
import { NOT_YET } from './not-yet';
import { isSound, ownImages } from './own-images';
import { imageTags, TAGS, tagFilter, tagOf, tagSpecifications } from './tags';
import type { BuildKeys } from '../../plan/keys';
import type { HostContext } from '../../ports/host';

/** What a layer costs: the machine writes on meanwhile, but slower, and the next start reads from it what it needs. */
export const LAYER_SECONDS = 90;

/** How many values one filter takes. */
const FILTER_VALUES = 200;

/** Index of the deepest of these layers that is there, or will be. Their keys say what they start from, and so the region. */
export async function findLayer(cloud: Cloud, regions: readonly string[], keys: BuildKeys): Promise<number> {
  const wanted = keys.layers.slice(1).reverse();
  for (let first = 0; first < wanted.length; first += FILTER_VALUES) {
    const some = wanted.slice(first, first + FILTER_VALUES);
    const found = await Promise.all(regions.map((region) => ownImages(cloud, region, [tagFilter(TAGS.state, 'layer'), tagFilter(TAGS.layer, ...some)])));
    const there = new Set(found.flat().filter(isSound).map(({ Tags }) => tagOf(Tags, TAGS.layer)));
    const deepest = some.find((key) => there.has(key));
    if (deepest !== undefined) { return keys.layers.indexOf(deepest); }
  }
  return 0;
}

/** The image of a layer, when it is ready to be launched. Undefined: there is none. */
export async function layerImage(cloud: Cloud, region: string, key: string, signal?: AbortSignal): Promise<string | undefined> {
  const images = await ownImages(cloud, region, [tagFilter(TAGS.state, 'layer'), tagFilter(TAGS.layer, key)], signal);
  const ready = images.find(({ State }) => State === 'available');
  if (ready) { return ready.ImageId; }
  const coming = images.find(isSound);
  if (!coming) { return undefined; }
  const { State } = await whenAvailable(cloud, region, coming.ImageId!, signal);
  return State === 'available' ? coming.ImageId : undefined;
}

/**
 * Begins to save the disks of a machine, as they are now, as the layer of a key. Nobody waits for the end: EC2 reads what the
 * disks held when it was asked to, whatever becomes of the machine.
 */
export async function saveLayer(cloud: Cloud, machine: Ec2Machine, key: string, context: HostContext): Promise<void> {
  const { region, plan } = machine;
  const { buildId, signal } = context;
  const filters = [tagFilter(TAGS.state, 'layer'), tagFilter(TAGS.layer, key)];
  const existing = await ownImages(cloud, region, filters, signal);
  if (existing.some(isSound)) { return; }
  for (const failed of existing) { await removeImage(cloud, region, failed); }
  const find = async () => {
    const found = (await ownImages(cloud, region, filters, signal)).find(isSound);
    return found && { ImageId: found.ImageId!, $metadata: {} };
  };
  const tags = imageTags(plan, buildId, cloud.clock, { state: 'layer', buildKey: '', layer: key, source: machine.sourceImage });
  const { [TAGS.buildKey]: _, [TAGS.deliveryHash]: __, [TAGS.parameter]: ___, ...own } = tags;
  await context.intend('ec2-layer', { region, buildId, layer: key });
  try {
    await cloud.clients.ec2(region).send(new CreateImageCommand({
      InstanceId: machine.id,
      Name: `golden layer ${key}`,
      Description: `Layer of ${plan.image}`.slice(0, 255),
      NoReboot: true,
      TagSpecifications: tagSpecifications(['image', 'snapshot'], own),
    }), { signal, notYet: NOT_YET, find });
  } catch (error) {
    // Another build of the same was faster.
    if (awsCode(error) !== 'InvalidAMIName.Duplicate') { throw error; }
  }
}
