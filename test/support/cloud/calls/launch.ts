import { newId } from '../ids';
import { ApiError } from '../protocol/api-error';
import type { Parameters } from '../protocol/query';
import type { Image, Instance, Tags, Volume } from '../records';
import { tagSpecifications } from '../tagging';
import { action, isVisible, type Answer, type Call } from '../world';
import { deviceRequests, planVolumes, type PlannedVolume } from './devices';
import { instanceXml, reservationXml } from './instance-xml';
import { bringUp, diskOf } from './lifecycle';
import { findImage, required } from './lookup';
import { findGroups, findSubnet, findProfile, defaultGroup, type Subnet } from './surroundings';
import { once } from './tokens';

const MOST_USER_DATA = 16_384;

export const LAUNCH_CALLS = {
  RunInstances: action(
    'ImageId InstanceType MinCount MaxCount KeyName SecurityGroupId SecurityGroup SubnetId Placement UserData IamInstanceProfile BlockDeviceMapping '
    + 'MetadataOptions TagSpecification ClientToken InstanceInitiatedShutdownBehavior InstanceMarketOptions NetworkInterface CreditSpecification EbsOptimized '
    + 'Monitoring DisableApiTermination DisableApiStop EnclaveOptions CapacityReservationSpecification LicenseSpecification PrivateDnsNameOptions CpuOptions '
    + 'MaintenanceOptions HibernationOptions Ipv6AddressCount',
    (call) => once(call, () => runInstances(call)),
  ),
};

async function runInstances(call: Call): Promise<Answer> {
  const { world, region, input } = call;
  const image = findImage(call, required(call, 'ImageId'));
  if (image.state !== 'available') { throw new ApiError('InvalidAMIID.Unavailable', `The image ID '${image.id}' is not available`); }
  const count = countOf(input);
  const instanceType = input.text('InstanceType') ?? 'm1.small';
  checkType(call, instanceType, image);
  const keyName = input.text('KeyName');
  const key = keyName === undefined ? undefined : [...region.keyPairs.values()].find(({ name, owner }) => name === keyName && owner === call.account);
  if (keyName !== undefined && !(key && isVisible(world, key.createdAt))) {
    throw new ApiError('InvalidKeyPair.NotFound', `The key pair '${keyName}' does not exist`);
  }
  const userData = checkUserData(input.text('UserData'));
  const behavior = checkBehavior(input.text('InstanceInitiatedShutdownBehavior') ?? 'stop');
  const tags = tagSpecifications(input, ['instance', 'volume', 'network-interface', 'spot-instances-request', 'elastic-gpu']);
  const planned = planVolumes(call, image.mappings, deviceRequests(input));
  const network = await networkOf(call);
  const profile = await findProfile(call, input.text('IamInstanceProfile.Name') || undefined, input.text('IamInstanceProfile.Arn') || undefined);
  const market = checkMarket(input);
  checkCapacity(call, instanceType, network.subnet.zone, market);
  if (input.flag('DryRun')) { throw new ApiError('DryRunOperation', 'Request would have succeeded, but DryRun flag is set.', 412); }

  const fails = world.failsLater('RunInstances', region.name);
  const reservationId = newId('r');
  const created = Array.from({ length: count }, (_, launchIndex): Instance => {
    const instance = makeInstance(call, {
      image,
      instanceType,
      network,
      tags,
      planned,
      reservationId,
      launchIndex,
      behavior,
      userData,
      profile,
      keyName,
      spotRequestId: market === 'spot' ? `sir-${newId('x').slice(-8)}` : undefined,
    });
    region.instances.set(instance.id, instance);
    const root = planned.find(({ device }) => device === image.rootDeviceName);
    const snapshot = root?.snapshotId ? region.snapshots.get(root.snapshotId) : undefined;
    bringUp(world, instance, () => diskOf(world, image, snapshot?.disk), key?.publicKey, fails);
    return instance;
  });
  return reservationXml(created[0], created.map((instance) => instanceXml(world, instance)));
}

interface Wanted {
  readonly image: Image;
  readonly instanceType: string;
  readonly network: Network;
  readonly tags: (type: string) => Tags;
  readonly planned: readonly PlannedVolume[];
  readonly reservationId: string;
  readonly launchIndex: number;
  readonly behavior: 'stop' | 'terminate';
  readonly userData: string | undefined;
  readonly profile: Instance['profile'];
  readonly keyName: string | undefined;
  readonly spotRequestId: string | undefined;
}

function makeInstance(call: Call, wanted: Wanted): Instance {
  const { world, region, input } = call;
  const now = world.clock.now();
  const { subnet, groups, isPublic } = wanted.network;
  const volumes: Volume[] = [];
  const instance: Instance = {
    id: newId('i'),
    owner: call.account,
    createdAt: now,
    tags: wanted.tags('instance'),
    state: 'pending',
    transitionReason: '',
    startedAt: now,
    image: wanted.image,
    instanceType: wanted.instanceType,
    zone: subnet.zone,
    subnetId: subnet.id,
    vpcId: subnet.vpcId,
    groups: [...groups],
    address: world.newAddress(),
    isPublic,
    keyName: wanted.keyName,
    profile: wanted.profile,
    userData: wanted.userData,
    rootDeviceName: wanted.image.rootDeviceName ?? '/dev/sda1',
    volumes,
    interfaceId: newId('eni'),
    interfaceTags: wanted.tags('network-interface'),
    reservationId: wanted.reservationId,
    clientToken: input.text('ClientToken') ?? '',
    launchIndex: wanted.launchIndex,
    spotRequestId: wanted.spotRequestId,
    spotRequestTags: wanted.spotRequestId ? wanted.tags('spot-instances-request') : undefined,
    metadata: {
      httpTokens: input.text('MetadataOptions.HttpTokens') ?? (wanted.image.imdsSupport === 'v2.0' ? 'required' : 'optional'),
      hopLimit: input.number('MetadataOptions.HttpPutResponseHopLimit') ?? (wanted.image.imdsSupport === 'v2.0' ? 2 : 1),
      httpEndpoint: input.text('MetadataOptions.HttpEndpoint') ?? 'enabled',
      instanceTags: input.text('MetadataOptions.InstanceMetadataTags') ?? 'disabled',
    },
    shutdownBehavior: wanted.behavior,
    ebsOptimized: input.flag('EbsOptimized') === true,
    enaSupport: wanted.image.enaSupport,
    protected: input.flag('DisableApiTermination') === true,
    impaired: false,
    launched: Promise.resolve(),
  };
  for (const plan of wanted.planned) {
    const volume: Volume = {
      id: newId('vol'),
      owner: call.account,
      createdAt: now,
      tags: wanted.tags('volume'),
      state: 'in-use',
      size: plan.size,
      volumeType: plan.volumeType,
      iops: plan.iops,
      throughput: plan.throughput,
      encrypted: plan.encrypted,
      kmsKeyId: plan.kmsKeyId,
      snapshotId: plan.snapshotId,
      zone: subnet.zone,
      attachment: { instance, device: plan.device, deleteOnTermination: plan.deleteOnTermination, at: now },
    };
    volumes.push(volume);
    region.volumes.set(volume.id, volume);
  }
  return instance;
}

interface Network {
  readonly subnet: Subnet;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
  readonly isPublic: boolean;
}

async function networkOf(call: Call): Promise<Network> {
  const { input } = call;
  const [nic, ...more] = input.groups('NetworkInterface');
  if (more.length > 0) { throw new ApiError('UnsupportedOperation', 'Only one network interface can be launched with here.'); }
  if (nic && (input.has('SubnetId') || input.has('SecurityGroupId') || input.has('SecurityGroup'))) {
    throw new ApiError('InvalidParameterCombination', 'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request');
  }
  const subnet = await findSubnet(call, nic?.text('SubnetId') ?? input.text('SubnetId'), input.text('Placement.AvailabilityZone'));
  const ids = nic ? nic.texts('SecurityGroupId') : input.texts('SecurityGroupId');
  const names = input.texts('SecurityGroup');
  const groups = ids.length + names.length > 0 ? await findGroups(call, ids, names, subnet.vpcId) : [await defaultGroup(call, subnet.vpcId)];
  return { subnet, groups, isPublic: nic?.flag('AssociatePublicIpAddress') ?? subnet.givesPublicAddress };
}

function countOf(input: Parameters): number {
  const least = input.number('MinCount');
  const most = input.number('MaxCount');
  if (least === undefined || most === undefined) { throw new ApiError('MissingParameter', 'The request must contain the parameters MinCount and MaxCount'); }
  if (!(least >= 1 && most >= least)) { throw new ApiError('InvalidParameterValue', 'The counts are invalid.'); }
  if (most > 20) { throw new ApiError('InstanceLimitExceeded', 'You have requested more instances than your current instance limit allows.'); }
  return most;
}

function checkType(call: Call, instanceType: string, image: Image): void {
  const known = call.world.typeOf(instanceType);
  if (!known) { throw new ApiError('InvalidParameterValue', `Invalid value '${instanceType}' for InstanceType.`); }
  if (!known.architectures.includes(image.architecture)) {
    throw new ApiError('InvalidParameterValue', `The architecture '${known.architectures.join(',')}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.`);
  }
}

function checkUserData(userData: string | undefined): string | undefined {
  if (userData === undefined) { return undefined; }
  if (!/^[A-Za-z0-9+/=\s]*$/.test(userData)) { throw new ApiError('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.'); }
  if (Buffer.from(userData, 'base64').length > MOST_USER_DATA) {
    throw new ApiError('InvalidParameterValue', `User data is limited to ${MOST_USER_DATA} bytes`);
  }
  return userData;
}

function checkBehavior(behavior: string): 'stop' | 'terminate' {
  if (behavior !== 'stop' && behavior !== 'terminate') {
    throw new ApiError('InvalidParameterValue', `Value (${behavior}) for parameter instanceInitiatedShutdownBehavior is invalid.`);
  }
  return behavior;
}

function checkMarket(input: Parameters): 'spot' | 'on-demand' {
  const market = input.text('InstanceMarketOptions.MarketType');
  if (market === undefined) { return 'on-demand'; }
  if (market !== 'spot') { throw new ApiError('InvalidParameterValue', `Value (${market}) for parameter marketType is invalid.`); }
  const price = input.number('InstanceMarketOptions.SpotOptions.MaxPrice');
  if (price !== undefined && price < 0.001) { throw new ApiError('SpotMaxPriceTooLow', 'Your Spot request price is lower than the minimum required Spot request fulfillment price.'); }
  return 'spot';
}

function checkCapacity(call: Call, instanceType: string, zone: string, market: 'spot' | 'on-demand'): void {
  const lack = call.world.settings.noCapacity.find((entry) => (
    (entry.instanceType ?? instanceType) === instanceType && (entry.zone ?? zone) === zone && (entry.market ?? market) === market
  ));
  if (!lack) { return; }
  throw new ApiError('InsufficientInstanceCapacity', market === 'spot'
    ? 'There is no Spot capacity available that matches your request.'
    : `We currently do not have sufficient ${instanceType} capacity in the Availability Zone you requested (${zone}).`, 500);
}
