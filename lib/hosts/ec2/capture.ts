import { CreateImageCommand, ModifyImageAttributeCommand, type BlockDeviceMapping, type Image } from '@aws-sdk/client-ec2';
import { awsCode } from './aws-errors';
import type { Cloud } from './cloud';
import type { Ec2Machine } from './ec2-machine';
import { removeImage } from './image-removal';
import { describeImage, imageName, NAME_LENGTH, type FoundImage, type ImageRequest } from './image-request';
import { NOT_YET } from './not-yet';
import { idsOf, isSound, ownImages } from './own-images';
import type { ToldParameter } from './parameters';
import { registerImage } from './registration';
import { imageTags, TAGS, tagOf, tagSpecifications } from './tags';
import { GoldenError } from '../../errors';
import type { BuildKeys } from '../../plan/keys';
import type { Plan } from '../../plan/model';
import type { CaptureRequest, DraftArtifact, HostContext } from '../../ports/host';

/** An AMI that nobody is told of yet. */
export interface Ec2Draft extends DraftArtifact {
  readonly region: string;
  readonly plan: Plan;
  readonly keys: BuildKeys;
  readonly buildId: string;
  /** Parameters that name it already. */
  readonly told: ToldParameter[];
  /** As it was made a moment ago, shared with nobody. Absent: an earlier build has made it, and may have done more. */
  readonly fresh?: Image;
}

/** Snapshots of big volumes take hours. */
const IMAGE_MS = 24 * 60 * 60_000;

const ATTEMPTS = 2;

/** Makes an AMI of a stopped machine. One that fails is removed, and made once more. Errors: `capture-failed`, `image-name-taken`. */
export async function captureImage(cloud: Cloud, machine: Ec2Machine, { plan, keys }: CaptureRequest, context: HostContext): Promise<Ec2Draft> {
  const { region } = machine;
  const { buildId, signal } = context;
  for (let attempt = 1; ; attempt++) {
    const { imageId: source, buildKey: sourceKey } = machine.origin;
    const tags = imageTags(plan, buildId, cloud.clock, { state: 'draft', buildKey: keys.build, source, sourceKey });
    const imageId = await makeImage(cloud, machine, { name: imageName(plan, keys), description: describeImage(plan), tags }, context);
    cloud.leases.add(region, { buildId, leaseMinutes: plan.builder.leaseMinutes }, imageId);
    const image = await whenAvailable(cloud, region, imageId, signal);
    if (image.State === 'available') {
      const fresh = await settleDraft(cloud, region, plan, image, buildId, signal);
      return { id: imageId, files: [], region, plan, keys, buildId, told: [], fresh };
    }
    await removeImage(cloud, region, image);
    const reason = image.StateReason?.Message ?? `its state is ${image.State}`;
    if (attempt === ATTEMPTS) {
      throw new GoldenError('capture-failed', `EC2 could not make the image ${imageId} in ${region}, twice: ${reason}`, {
        path: plan.image, hint: 'Where it is encrypted, see that the KMS key is enabled and that the role may use it. Else build again.',
      });
    }
    context.report({ type: 'notice', level: 'warning', message: `EC2 could not make the image ${imageId}: ${reason}. It is made once more.` });
  }
}

/** Waits until an image is ready, or never will be. */
export function whenAvailable(cloud: Cloud, region: string, imageId: string, signal: AbortSignal | undefined): Promise<Image> {
  const look = (image: Image | undefined) => (image && image.State !== 'pending' ? image : undefined);
  const what = `the image ${imageId} in ${region} to be available`;
  return cloud.poller.wait('image', region, imageId, look, { what, timeoutMs: IMAGE_MS, signal });
}

/** What makes a draft of any origin ready for its first start: its lease, and that instances of it refuse IMDSv1. Returns it as it is then. */
export async function settleDraft(cloud: Cloud, region: string, plan: Plan, image: Image, buildId: string, signal: AbortSignal): Promise<Image> {
  cloud.leases.add(region, { buildId, leaseMinutes: plan.builder.leaseMinutes }, ...idsOf(image));
  if (!plan.delivery.imdsV2 || image.ImdsSupport === 'v2.0') { return image; }
  const change = new ModifyImageAttributeCommand({ ImageId: image.ImageId, ImdsSupport: { Value: 'v2.0' } });
  await cloud.clients.ec2(region).send(change, { signal, notYet: NOT_YET });
  return { ...image, ImdsSupport: 'v2.0' };
}

/** Makes an image under its name. One of the same build that is there already is it; where the name is taken, the build's ID is added to it. */
async function makeImage(cloud: Cloud, machine: Ec2Machine, image: Omit<ImageRequest, 'find'>, context: HostContext): Promise<string> {
  const { region, plan } = machine;
  const { signal, buildId } = context;
  const make = plan.definition.machine.bootMode === undefined ? createImage : registerImage;
  const attempt = async (name: string) => {
    await context.intend('ec2-image', { region, buildId, name });
    const find = () => ownDraft(cloud, region, name, buildId, signal);
    try {
      return await make(cloud, machine, { ...image, name, find }, context);
    } catch (error) {
      if (awsCode(error) !== 'InvalidAMIName.Duplicate') { throw error; }
      return (await find())?.ImageId;
    }
  };
  const made = await attempt(image.name);
  if (made) { return made; }
  await refuseForeign(cloud, region, image, signal);
  const another = `${image.name.slice(0, NAME_LENGTH - buildId.length - 1)} ${buildId}`;
  const second = await attempt(another);
  if (second) { return second; }
  throw nameTaken(another, region);
}

async function createImage(
  cloud: Cloud, machine: Ec2Machine, { name, description, tags, find }: ImageRequest, { signal }: HostContext,
): Promise<string> {
  const { ImageId } = await cloud.clients.ec2(machine.region).send(new CreateImageCommand({
    InstanceId: machine.id,
    Name: name,
    Description: description,
    // A machine that could not be stopped is taken down for its snapshots.
    NoReboot: !machine.spot,
    BlockDeviceMappings: keptVolumes(machine.plan),
    TagSpecifications: tagSpecifications(['image', 'snapshot'], tags),
  }), { signal, notYet: NOT_YET, find });
  return ImageId!;
}

/** The builder's volumes are all gone with it; those of instances of the image need not be. */
function keptVolumes({ definition }: Plan): BlockDeviceMapping[] | undefined {
  const kept = (definition.machine.volumes ?? []).filter(({ deleteOnTermination }) => !deleteOnTermination);
  return kept.length === 0 ? undefined : kept.map(({ deviceName }) => ({ DeviceName: deviceName, Ebs: { DeleteOnTermination: false } }));
}

/** The draft of this name that this build has made. */
async function ownDraft(cloud: Cloud, region: string, name: string, buildId: string, signal: AbortSignal): Promise<FoundImage | undefined> {
  const images = await ownImages(cloud, region, [{ Name: 'name', Values: [name] }], signal);
  const found = images.find((image) => isSound(image) && tagOf(image.Tags, TAGS.build) === buildId && tagOf(image.Tags, TAGS.state) === 'draft');
  return found && { ImageId: found.ImageId!, $metadata: {} };
}

/** The name may be that of an image of the same key: of a build that runs elsewhere, or published before. Anything else was not made by us. */
async function refuseForeign(cloud: Cloud, region: string, { name, tags }: Omit<ImageRequest, 'find'>, signal: AbortSignal): Promise<void> {
  const [holder] = await ownImages(cloud, region, [{ Name: 'name', Values: [name] }], signal);
  if (holder && tagOf(holder.Tags, TAGS.buildKey) !== tags[TAGS.buildKey]) { throw nameTaken(name, region, holder.ImageId); }
}

function nameTaken(name: string, region: string, imageId?: string): GoldenError {
  return new GoldenError('image-name-taken', `The name "${name}" is that of another image${imageId ? `, ${imageId},` : ''} in ${region}`, {
    hint: 'Give the image another name, or remove that one.',
  });
}
