import type { _InstanceType, BlockDeviceMapping, EbsBlockDevice, RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { MachineRequest, Preparation } from './launch-preparation';
import type { MachineSubnet } from './network';
import { tagSpecifications, type TagMap } from './tags';
import type { Plan, VolumeSpeed } from '../../plan/model';

/** One of the ways to get a machine; the next is tried where there is no capacity for it. */
export interface Alternative {
  readonly instanceType: string;
  readonly subnet: MachineSubnet;
  readonly spot: boolean;
}

/** All ways, the preferred one first: cheap before dear, then the type, then the place. */
export function alternatives({ plan, purpose }: MachineRequest, { network }: Preparation): readonly Alternative[] {
  const { builder } = plan;
  const markets = builder.spot && purpose === 'build' && !needsStop(plan) ? [true, false] : [false];
  const places = builder.instanceTypes.flatMap((instanceType) => network.subnets.map((subnet) => ({ instanceType, subnet })));
  return markets.flatMap((spot) => places.map((place) => ({ ...place, spot })));
}

/** Whether its disks are read by us, once it is stopped: one-time spot capacity cannot be. CreateImage takes it down by itself. */
export function needsStop({ definition }: Plan): boolean {
  return definition.machine.bootMode !== undefined;
}

/** What RunInstances is asked for, but for the client token. */
export function launchRequest(request: MachineRequest, preparation: Preparation, way: Alternative, tags: TagMap): RunInstancesRequest {
  const { instanceType, subnet, spot } = way;
  const { plan, requirements, imageId } = request;
  const { securityGroups, profile, userData } = preparation;
  const { network, placement, spot: spotSpec } = plan.builder;
  const place = network.publicIp === undefined
    ? { SubnetId: subnet.id, SecurityGroupIds: [...securityGroups] }
    : {
      NetworkInterfaces: [{
        DeviceIndex: 0, SubnetId: subnet.id, Groups: [...securityGroups], AssociatePublicIpAddress: network.publicIp, DeleteOnTermination: true,
      }],
    };
  return {
    ImageId: imageId,
    InstanceType: instanceType as _InstanceType,
    MinCount: 1,
    MaxCount: 1,
    ...place,
    KeyName: requirements.keyPairName,
    IamInstanceProfile: profile === undefined ? undefined : profile.startsWith('arn:') ? { Arn: profile } : { Name: profile },
    UserData: userData.toString('base64'),
    BlockDeviceMappings: blockDevices(request, preparation),
    MetadataOptions: { HttpTokens: 'required', HttpEndpoint: 'enabled', HttpPutResponseHopLimit: 1 },
    // A machine that nobody hears of powers itself off, and has to be gone then.
    InstanceInitiatedShutdownBehavior: 'terminate',
    Placement: placement && { Tenancy: placement.tenancy, HostId: placement.hostId, GroupName: placement.groupName },
    InstanceMarketOptions: spot
      ? { MarketType: 'spot', SpotOptions: { SpotInstanceType: 'one-time', InstanceInterruptionBehavior: 'terminate', MaxPrice: spotSpec?.maxPrice } }
      : undefined,
    TagSpecifications: tagSpecifications(['instance', 'volume', 'network-interface', ...spot ? ['spot-instances-request' as const] : []], tags),
  };
}

/** All volumes are encrypted from the start, and gone with the machine: what becomes of them in instances of the image is said when it is captured. */
function blockDevices({ plan }: MachineRequest, { image, encryptionKey }: Preparation): BlockDeviceMapping[] {
  const { machine } = plan.definition;
  const { encrypted } = plan.delivery.encryption;
  const safe: EbsBlockDevice = { DeleteOnTermination: true, ...encrypted && { Encrypted: true, KmsKeyId: encryptionKey } };
  const own = machine.volumes ?? [];
  const root = image.RootDeviceName ?? '/dev/sda1';
  const ofSource = (image.BlockDeviceMappings ?? [])
    .filter(({ DeviceName, Ebs }) => Ebs && DeviceName !== root && !own.some(({ deviceName }) => deviceName === DeviceName));
  return [
    {
      DeviceName: root,
      Ebs: {
        ...safe,
        ...speed(machine.rootVolume ?? { type: 'gp3' }),
        VolumeSize: machine.rootVolumeSizeMiB === undefined ? undefined : Math.ceil(machine.rootVolumeSizeMiB / 1024),
      },
    },
    ...ofSource.map(({ DeviceName }) => ({ DeviceName, Ebs: safe })),
    ...own.map((volume) => ({
      DeviceName: volume.deviceName,
      Ebs: { ...safe, ...speed(volume), VolumeSize: volume.sizeGiB, SnapshotId: volume.snapshotId },
    })),
  ];
}

function speed({ type, iops, throughput }: VolumeSpeed): EbsBlockDevice {
  return { VolumeType: type, Iops: iops, Throughput: throughput };
}
