import { newId } from '../ids';
import { ApiError } from '../protocol/api-error';
import type { DeviceMapping, Image } from '../records';
import { hasAgent } from '../ssm-surroundings';
import { tagSpecifications } from '../tagging';
import { action, type Answer, type Call, type World } from '../world';
import { deviceRequests, type DeviceRequest } from './devices';
import { pauseMachine } from './lifecycle';
import { findImage, findInstance, findOwnSnapshot, findSnapshot, required } from './lookup';
import { beginSnapshot, copyOf, finish } from './snapshots';
import { once } from './tokens';

export const IMAGE_CREATION_CALLS = {
  CreateImage: action('InstanceId Name Description NoReboot BlockDeviceMapping TagSpecification', createImage),
  RegisterImage: action(
    'Name Description Architecture RootDeviceName BlockDeviceMapping VirtualizationType SriovNetSupport EnaSupport BootMode TpmSupport ImdsSupport UefiData TagSpecification',
    registerImage,
  ),
  CopyImage: action(
    'Name SourceImageId SourceRegion Description Encrypted KmsKeyId ClientToken CopyImageTags TagSpecification SnapshotCopyCompletionDurationMinutes',
    (call) => once(call, () => copyImage(call)),
  ),
};

function createImage(call: Call): Answer {
  const { world, region, input } = call;
  const name = freeName(call);
  const instance = findInstance(call, required(call, 'InstanceId'));
  if (instance.state !== 'running' && instance.state !== 'stopped') {
    throw new ApiError('IncorrectState', `The instance '${instance.id}' is not in a state from which it can be captured: ${instance.state}`);
  }
  const tags = tagSpecifications(input, ['image', 'snapshot']);
  const requests = new Map(deviceRequests(input).map((one) => [one.deviceName, one]));
  const fails = world.failsLater('CreateImage', region.name);
  const id = newId('ami');
  // It is down while its disk is read, unless the caller does without.
  const pause = instance.state === 'running' && input.flag('NoReboot') !== true ? pauseMachine(instance) : undefined;
  const snapshots: Promise<void>[] = [];
  const taken: Promise<unknown>[] = [];
  const mappings: DeviceMapping[] = [];
  for (const volume of instance.volumes) {
    const device = volume.attachment!.device;
    const request = requests.get(device);
    if (request?.none) { continue; }
    checkCaptureRequest(request, volume.size);
    const { snapshot, taken: content, done } = beginSnapshot(call, volume, {
      description: `Created by CreateImage(${instance.id}) for ${id}`,
      tags: tags('snapshot'),
      milliseconds: world.settings.durations.image,
      fails,
      after: pause?.down,
    });
    taken.push(content);
    snapshots.push(done.then(() => { if (snapshot.state === 'error') { throw new Error(snapshot.stateMessage); } }));
    mappings.push({
      deviceName: device,
      ebs: {
        snapshotId: snapshot.id,
        size: volume.size,
        volumeType: volume.volumeType,
        iops: volume.iops,
        throughput: volume.throughput,
        encrypted: volume.encrypted,
        deleteOnTermination: request?.ebs?.deleteOnTermination ?? volume.attachment!.deleteOnTermination,
      },
    });
  }
  const source = instance.image;
  const image: Image = {
    ...source,
    id,
    owner: call.account,
    ownerAlias: undefined,
    createdAt: world.clock.now(),
    creationDate: dateOf(call),
    tags: tags('image'),
    name,
    description: input.text('Description'),
    state: 'pending',
    stateReason: undefined,
    deprecationTime: undefined,
    protection: 'disabled',
    imdsSupport: source.imdsSupport,
    sourceInstanceId: instance.id,
    sourceImageId: source.id,
    sourceImageRegion: region.name,
    mappings,
    permissions: [],
    enaSupport: instance.enaSupport,
    hasAgent: hasAgent(instance),
  };
  region.images.set(id, image);
  if (pause) { void Promise.allSettled(taken).then(() => pause.up()); }
  settle(world, image, Promise.all(snapshots));
  return { imageId: id };
}

function checkCaptureRequest(request: DeviceRequest | undefined, size: number): void {
  if (request?.ebs?.size !== undefined && request.ebs.size !== size) {
    throw new ApiError('InvalidBlockDeviceMapping', 'The size of a volume of the instance cannot be changed by CreateImage.');
  }
  if (request?.ebs?.encrypted !== undefined || request?.ebs?.kmsKeyId) {
    throw new ApiError('InvalidBlockDeviceMapping', 'Encryption of a volume of the instance cannot be changed by CreateImage.');
  }
}

function registerImage(call: Call): Answer {
  const { world, region, input } = call;
  const name = freeName(call);
  const tags = tagSpecifications(input, ['image']);
  const rootDeviceName = required(call, 'RootDeviceName');
  let system: Image | undefined;
  const mappings: DeviceMapping[] = deviceRequests(input).filter(({ none }) => !none).map(({ deviceName, virtualName, ebs }) => {
    if (!ebs) { return { deviceName, virtualName }; }
    const snapshot = ebs.snapshotId ? findOwnSnapshot(call, ebs.snapshotId) : undefined;
    if (snapshot && snapshot.state === 'error') { throw new ApiError('InvalidSnapshot.NotFound', `The snapshot '${snapshot.id}' does not exist.`); }
    const size = ebs.size ?? snapshot?.size;
    if (size === undefined) { throw new ApiError('MissingParameter', 'The request must contain the parameter size or snapshotId'); }
    if (snapshot && size < snapshot.size) { throw new ApiError('InvalidBlockDeviceMapping', 'A volume cannot be smaller than its snapshot.'); }
    if (deviceName === rootDeviceName && snapshot) { system = originOf(call, snapshot.volumeId); }
    return {
      deviceName,
      ebs: {
        snapshotId: snapshot?.id,
        size,
        volumeType: ebs.volumeType ?? 'gp2',
        iops: ebs.iops,
        throughput: ebs.throughput,
        encrypted: snapshot?.encrypted ?? ebs.encrypted ?? false,
        deleteOnTermination: ebs.deleteOnTermination ?? true,
      },
    };
  });
  if (!mappings.some(({ deviceName, ebs }) => deviceName === rootDeviceName && ebs?.snapshotId)) {
    throw new ApiError('InvalidBlockDeviceMapping', `The root device ${rootDeviceName} has no snapshot.`);
  }
  const id = newId('ami');
  region.images.set(id, {
    id,
    owner: call.account,
    createdAt: world.clock.now(),
    tags: tags('image'),
    name,
    description: input.text('Description'),
    state: 'available',
    creationDate: dateOf(call),
    architecture: input.text('Architecture') ?? 'i386',
    bootMode: input.text('BootMode'),
    tpmSupport: input.text('TpmSupport'),
    imdsSupport: input.text('ImdsSupport'),
    enaSupport: input.flag('EnaSupport') === true,
    sriovNetSupport: input.text('SriovNetSupport'),
    rootDeviceName,
    rootDeviceType: 'ebs',
    virtualizationType: input.text('VirtualizationType') ?? 'paravirtual',
    hypervisor: 'xen',
    protection: 'disabled',
    mappings,
    permissions: [],
    system: system?.system ?? 'other',
    loginUser: system?.loginUser ?? 'ec2-user',
    hasAgent: system?.hasAgent ?? true,
  });
  return { imageId: id };
}

/** The image that the machine of a volume was started from. */
function originOf(call: Call, volumeId: string): Image | undefined {
  return [...call.region.instances.values()].find(({ volumes }) => volumes.some(({ id }) => id === volumeId))?.image;
}

function copyImage(call: Call): Answer {
  const { world, region, input } = call;
  const name = checkedName(required(call, 'Name'));
  const source = findImage(call, required(call, 'SourceImageId'), world.region(required(call, 'SourceRegion')));
  if (source.state !== 'available') { throw new ApiError('InvalidAMIID.Unavailable', `The image id '[${source.id}]' is not available`); }
  const tags = tagSpecifications(input, ['image', 'snapshot']);
  const fails = world.failsLater('CopyImage', region.name);
  const from = world.region(input.text('SourceRegion')!);
  const snapshots: Promise<void>[] = [];
  const id = newId('ami');
  const mappings = source.mappings.map((mapping): DeviceMapping => {
    if (!mapping.ebs?.snapshotId) { return mapping; }
    const original = findSnapshot(call, mapping.ebs.snapshotId, from);
    const copy = copyOf(call, original, {
      description: `Copied for DestinationAmi ${id} from SourceAmi ${source.id} for SourceSnapshot ${original.id}.`,
      encrypted: input.flag('Encrypted'),
      kmsKeyId: input.text('KmsKeyId'),
      tags: tags('snapshot'),
    });
    snapshots.push(finish(world, copy, Promise.resolve(original.disk), world.settings.durations.copy, fails)
      .then(() => { if (copy.state === 'error') { throw new Error(copy.stateMessage); } }));
    return { ...mapping, ebs: { ...mapping.ebs, snapshotId: copy.id, encrypted: copy.encrypted } };
  });
  const image: Image = {
    ...source,
    id,
    owner: call.account,
    ownerAlias: undefined,
    createdAt: world.clock.now(),
    creationDate: dateOf(call),
    tags: new Map([...(input.flag('CopyImageTags') === true && source.owner === call.account ? source.tags : []), ...tags('image')]),
    name,
    description: input.text('Description') ?? source.description,
    state: 'pending',
    deprecationTime: undefined,
    protection: 'disabled',
    sourceInstanceId: undefined,
    sourceImageId: source.id,
    sourceImageRegion: from.name,
    mappings,
    permissions: [],
  };
  region.images.set(id, image);
  settle(world, image, Promise.all(snapshots));
  return { imageId: id };
}

function settle(world: World, image: Image, work: Promise<unknown>): void {
  world.begins(work.then(
    () => { if (image.state === 'pending') { image.state = 'available'; } },
    (error: Error) => {
      if (image.state !== 'pending') { return; }
      image.state = 'failed';
      image.stateReason = { code: 'Server.InternalError', message: error.message };
    },
  ));
}

/** Name for an image that is not in use in this account and region. */
function freeName(call: Call): string {
  const name = checkedName(required(call, 'Name'));
  for (const image of call.region.images.values()) {
    if (image.name === name && image.owner === call.account && (image.state === 'pending' || image.state === 'available')) {
      throw new ApiError('InvalidAMIName.Duplicate', `AMI name ${name} is already in use by AMI ${image.id}`);
    }
  }
  return name;
}

function checkedName(name: string): string {
  if (!/^[A-Za-z0-9()[\] ./'@_-]{3,128}$/.test(name)) {
    throw new ApiError('InvalidAMIName.Malformed', 'AMI names must be between 3 and 128 characters long, and may contain letters, numbers, \'(\', \')\', \'.\', \'-\', \'/\' and \'_\'');
  }
  return name;
}

function dateOf({ world }: Call): string {
  return `${new Date(world.clock.now()).toISOString().slice(0, 19)}.000Z`;
}

