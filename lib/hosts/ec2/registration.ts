import {
  CreateSnapshotCommand, DescribeImagesCommand, DescribeInstancesCommand, DescribeVolumesCommand, RegisterImageCommand,
  type BlockDeviceMapping, type Image, type Instance, type Snapshot, type Volume,
} from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import type { Ec2Machine } from './ec2-machine';
import type { ImageRequest } from './image-request';
import { NOT_YET } from './not-yet';
import { ownSnapshots } from './own-images';
import { TAGS, tagFilter, tagSpecifications } from './tags';
import { GoldenError } from '../../errors';
import type { HostContext } from '../../ports/host';

const SNAPSHOT_MS = 24 * 60 * 60_000;

/** Makes an image of snapshots of a machine's volumes, with a firmware other than its source's. Errors: `billed-source`, `snapshot-failed`. */
export async function registerImage(cloud: Cloud, machine: Ec2Machine, request: ImageRequest, context: HostContext): Promise<string> {
  const { region, plan } = machine;
  const { signal } = context;
  const ec2 = cloud.clients.ec2(region);
  const [source, instance] = await Promise.all([sourceImage(cloud, machine, signal), describeInstance(cloud, machine, signal)]);
  refuseBilled(source, plan.image);
  const mappings = await snapshotVolumes(cloud, machine, instance, request, context);
  const { ImageId } = await ec2.send(new RegisterImageCommand({
    Name: request.name,
    Description: request.description,
    Architecture: source.Architecture,
    BootMode: plan.definition.machine.bootMode,
    EnaSupport: source.EnaSupport ?? instance.EnaSupport,
    SriovNetSupport: source.SriovNetSupport,
    TpmSupport: source.TpmSupport,
    ImdsSupport: plan.delivery.imdsV2 ? 'v2.0' : source.ImdsSupport,
    VirtualizationType: source.VirtualizationType ?? 'hvm',
    RootDeviceName: instance.RootDeviceName ?? source.RootDeviceName,
    BlockDeviceMappings: mappings,
    TagSpecifications: tagSpecifications(['image'], request.tags),
  }), { signal, notYet: NOT_YET, find: request.find });
  return ImageId!;
}

async function sourceImage(cloud: Cloud, { region, sourceImage: imageId }: Ec2Machine, signal: AbortSignal): Promise<Image> {
  const { Images = [] } = await cloud.clients.ec2(region).send(new DescribeImagesCommand({ ImageIds: [imageId] }), { signal, notYet: NOT_YET });
  return Images[0];
}

async function describeInstance(cloud: Cloud, { region, id }: Ec2Machine, signal: AbortSignal): Promise<Instance> {
  const ask = new DescribeInstancesCommand({ InstanceIds: [id] });
  const { Reservations = [] } = await cloud.clients.ec2(region).send(ask, { signal, notYet: NOT_YET });
  return Reservations[0].Instances![0];
}

/** An image that is registered has none of the billing codes of its source. */
function refuseBilled({ ImageId, PlatformDetails = 'Linux/UNIX', ProductCodes = [] }: Image, path: string): void {
  if (PlatformDetails === 'Linux/UNIX' && ProductCodes.length === 0) { return; }
  throw new GoldenError('billed-source', `The boot mode of images of ${ImageId} cannot be changed: it is billed as ${PlatformDetails}`, {
    kind: 'invalid', path, hint: 'Leave bootMode away, or start from an image that has it.',
  });
}

async function snapshotVolumes(
  cloud: Cloud, machine: Ec2Machine, instance: Instance, request: ImageRequest, context: HostContext,
): Promise<BlockDeviceMapping[]> {
  const { region } = machine;
  const { Volumes = [] } = await cloud.clients.ec2(region).send(
    new DescribeVolumesCommand({ Filters: [{ Name: 'attachment.instance-id', Values: [machine.id] }] }), { signal: context.signal, notYet: NOT_YET },
  );
  const own = machine.plan.definition.machine.volumes ?? [];
  const attached = (instance.BlockDeviceMappings ?? []).flatMap((mapping) => {
    const volume = Volumes.find(({ VolumeId }) => VolumeId === mapping.Ebs?.VolumeId);
    return volume ? [{ mapping, volume }] : [];
  });
  return Promise.all(attached.map(async ({ mapping, volume }) => ({
    DeviceName: mapping.DeviceName,
    Ebs: {
      SnapshotId: await snapshotVolume(cloud, machine, volume, request, context),
      VolumeSize: volume.Size,
      VolumeType: volume.VolumeType,
      // The others are given a speed by their type.
      Iops: ['gp3', 'io1', 'io2'].includes(volume.VolumeType ?? '') ? volume.Iops : undefined,
      Throughput: volume.VolumeType === 'gp3' ? volume.Throughput : undefined,
      // The builder's volumes are all gone with it; those of instances of the image need not be.
      DeleteOnTermination: own.find(({ deviceName }) => deviceName === mapping.DeviceName)?.deleteOnTermination ?? true,
    },
  })));
}

async function snapshotVolume(
  cloud: Cloud, machine: Ec2Machine, volume: Volume, { description, tags }: ImageRequest, context: HostContext,
): Promise<string> {
  const { region } = machine;
  const { signal, buildId } = context;
  const filters = [tagFilter(TAGS.build, buildId), tagFilter(TAGS.state, 'draft'), { Name: 'volume-id', Values: [volume.VolumeId!] }];
  const find = async () => {
    const found = (await ownSnapshots(cloud, region, filters, signal)).find(({ State }) => State !== 'error');
    return found && { ...found, $metadata: {} };
  };
  await context.intend('ec2-snapshot', { region, buildId, volume: volume.VolumeId! });
  const { SnapshotId } = await find() ?? await cloud.clients.ec2(region).send(new CreateSnapshotCommand({
    VolumeId: volume.VolumeId, Description: description, TagSpecifications: tagSpecifications(['snapshot'], tags),
  }), { signal, notYet: NOT_YET, find });
  cloud.leases.add(region, { buildId, leaseMinutes: machine.plan.builder.leaseMinutes }, SnapshotId!);
  const look = (snapshot: Snapshot | undefined) => (snapshot && snapshot.State !== 'pending' ? snapshot : undefined);
  const { State, StateMessage } = await cloud.poller.wait('snapshot', region, SnapshotId!, look, {
    what: `the snapshot ${SnapshotId} in ${region} to be complete`, timeoutMs: SNAPSHOT_MS, signal,
  });
  if (State === 'completed') { return SnapshotId!; }
  throw new GoldenError('snapshot-failed', `EC2 could not make the snapshot ${SnapshotId} in ${region}: ${StateMessage ?? State}`, {
    path: machine.plan.image, hint: 'Where it is encrypted, see that the KMS key is enabled and that the role may use it. Else build again.',
  });
}
