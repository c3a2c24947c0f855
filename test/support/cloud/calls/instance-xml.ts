import type { Xml } from '../protocol/xml';
import type { Instance, InstanceState } from '../records';
import { tagSet } from '../tagging';
import type { Answer, World } from '../world';

const CODES: { readonly [state in InstanceState]: number } = { 'pending': 0, 'running': 16, 'shutting-down': 32, 'terminated': 48, 'stopping': 64, 'stopped': 80 };

export function stateXml(state: InstanceState): Xml {
  return { code: CODES[state], name: state };
}

export function reservationXml(first: Instance, instances: readonly Xml[]): Answer {
  return { reservationId: first.reservationId, ownerId: first.owner, groupSet: [], instancesSet: instances };
}

export function instanceXml(world: World, instance: Instance): Xml {
  const { image } = instance;
  const isGone = instance.state === 'terminated';
  const isUp = instance.state === 'running' || instance.state === 'pending' || instance.state === 'stopping';
  const publicAddress = isUp && instance.isPublic ? instance.address : undefined;
  const groupSet = instance.groups.map(({ id, name }) => ({ groupId: id, groupName: name }));
  return {
    instanceId: instance.id,
    imageId: image.id,
    instanceState: stateXml(instance.state),
    privateDnsName: isGone ? '' : `ip-${instance.address.replace(/\./g, '-')}.ec2.internal`,
    dnsName: '',
    reason: instance.transitionReason,
    keyName: instance.keyName,
    amiLaunchIndex: instance.launchIndex,
    productCodes: [],
    instanceType: instance.instanceType,
    launchTime: new Date(instance.startedAt),
    placement: { availabilityZone: instance.zone, groupName: '', tenancy: 'default' },
    monitoring: { state: 'disabled' },
    subnetId: isGone ? undefined : instance.subnetId,
    vpcId: isGone ? undefined : instance.vpcId,
    privateIpAddress: isGone ? undefined : instance.address,
    ipAddress: publicAddress,
    sourceDestCheck: true,
    groupSet,
    stateReason: instance.stateReason,
    architecture: image.architecture,
    rootDeviceType: image.rootDeviceType,
    rootDeviceName: instance.rootDeviceName,
    blockDeviceMapping: instance.volumes.filter(({ attachment }) => attachment).map(({ id, attachment }) => ({
      deviceName: attachment!.device,
      ebs: { volumeId: id, status: 'attached', attachTime: new Date(attachment!.at), deleteOnTermination: attachment!.deleteOnTermination },
    })),
    virtualizationType: image.virtualizationType,
    instanceLifecycle: instance.spotRequestId ? 'spot' : undefined,
    spotInstanceRequestId: instance.spotRequestId,
    clientToken: instance.clientToken,
    tagSet: tagSet(instance.tags),
    hypervisor: 'xen',
    networkInterfaceSet: isGone ? [] : [{
      networkInterfaceId: instance.interfaceId,
      subnetId: instance.subnetId,
      vpcId: instance.vpcId,
      description: '',
      ownerId: instance.owner,
      status: 'in-use',
      macAddress: '02:00:00:00:00:01',
      privateIpAddress: instance.address,
      sourceDestCheck: true,
      groupSet,
      attachment: { attachmentId: instance.interfaceId.replace('eni-', 'eni-attach-'), deviceIndex: 0, status: 'attached', deleteOnTermination: true },
      association: publicAddress ? { publicIp: publicAddress, publicDnsName: '', ipOwnerId: 'amazon' } : undefined,
    }],
    iamInstanceProfile: instance.profile ? { arn: instance.profile.arn, id: instance.profile.id } : undefined,
    ebsOptimized: instance.ebsOptimized,
    enaSupport: instance.enaSupport,
    bootMode: image.bootMode,
    currentInstanceBootMode: image.bootMode?.startsWith('uefi') ? 'uefi' : 'legacy-bios',
    metadataOptions: {
      state: world.clock.now() - instance.startedAt < world.settings.durations.pending ? 'pending' : 'applied',
      httpTokens: instance.metadata.httpTokens,
      httpPutResponseHopLimit: instance.metadata.hopLimit,
      httpEndpoint: instance.metadata.httpEndpoint,
      httpProtocolIpv6: 'disabled',
      instanceMetadataTags: instance.metadata.instanceTags,
    },
    enclaveOptions: { enabled: false },
    platformDetails: platformDetails(image.name),
    usageOperation: 'RunInstances',
    usageOperationUpdateTime: new Date(instance.createdAt),
  };
}

export function platformDetails(name: string): string {
  if (name.startsWith('Windows')) { return 'Windows'; }
  if (name.startsWith('RHEL')) { return 'Red Hat Enterprise Linux'; }
  return name.startsWith('suse') ? 'SUSE Linux' : 'Linux/UNIX';
}
