import { newId } from '../ids';
import type { CloudDisk } from '../machines/machine-provider';
import { ApiError } from '../protocol/api-error';
import type { Xml } from '../protocol/xml';
import type { Snapshot, Tags, Volume } from '../records';
import { filters, page } from '../selection';
import { tagSet, tagSpecifications } from '../tagging';
import { action, visible, type Answer, type Call, type World } from '../world';
import { isDefaultKey, keyArn } from './devices';
import { findInstance, findOwnSnapshot, findSnapshot, findVolume, mayRead, required } from './lookup';

/** Begins a snapshot of a volume: its content is that of this moment, and it is there to be used when that was taken. */
export function beginSnapshot(
  call: Call, volume: Volume,
  options: {
    readonly description: string; readonly tags: Tags; readonly milliseconds: number; readonly fails: boolean; readonly after?: Promise<void>;
  },
): { readonly snapshot: Snapshot; readonly taken: Promise<unknown>; readonly done: Promise<void> } {
  const { world, region } = call;
  const snapshot: Snapshot = {
    id: newId('snap'),
    owner: call.account,
    createdAt: world.clock.now(),
    tags: options.tags,
    state: 'pending',
    volumeId: volume.id,
    size: volume.size,
    description: options.description,
    encrypted: volume.encrypted,
    kmsKeyId: volume.kmsKeyId,
    permissions: new Set(),
    readyAt: world.clock.now() + options.milliseconds,
  };
  region.snapshots.set(snapshot.id, snapshot);
  const taken = options.after ? options.after.then(() => contentOf(call, volume)) : contentOf(call, volume);
  return { snapshot, taken, done: finish(world, snapshot, taken, options.milliseconds, options.fails) };
}

/** Completes a snapshot after its time, as soon as its content is there. */
export async function finish(
  world: World, snapshot: Snapshot, content: Promise<CloudDisk | undefined>, milliseconds: number, fails: boolean,
): Promise<void> {
  const time = new Promise<void>((resolve) => world.after(milliseconds, resolve));
  try {
    snapshot.disk = await content;
    await time;
    if (fails) { throw new Error('The snapshot could not be completed.'); }
    snapshot.state = 'completed';
  } catch (error) {
    snapshot.state = 'error';
    snapshot.stateMessage = (error as Error).message;
  }
}

async function contentOf(call: Call, volume: Volume): Promise<CloudDisk | undefined> {
  const { attachment } = volume;
  if (!attachment || attachment.device !== attachment.instance.rootDeviceName) {
    return volume.disk ?? (volume.snapshotId ? call.region.snapshots.get(volume.snapshotId)?.disk : undefined);
  }
  await attachment.instance.launched;
  return attachment.instance.machine?.capture();
}

/** Removes a snapshot; its disk goes with the last snapshot of it. */
export async function dropSnapshot(world: World, snapshot: Snapshot): Promise<void> {
  for (const region of world.regions()) { if (region.snapshots.get(snapshot.id) === snapshot) { region.snapshots.delete(snapshot.id); } }
  const { disk } = snapshot;
  if (!disk) { return; }
  const holders = world.regions().flatMap((region) => [...region.snapshots.values()]);
  if (holders.some((other) => other.disk?.id === disk.id)) { return; }
  await world.machines.removeDisk(disk);
}

const COPY_PARAMETERS = 'SourceRegion SourceSnapshotId Description Encrypted KmsKeyId TagSpecification DestinationRegion PresignedUrl '
  + 'CompletionDurationMinutes';

export const SNAPSHOT_CALLS = {
  CreateSnapshot: action('VolumeId Description TagSpecification', (call) => {
    const tags = tagSpecifications(call.input, ['snapshot'])('snapshot');
    const volume = findVolume(call, required(call, 'VolumeId'));
    const { snapshot } = beginSnapshot(call, volume, {
      description: call.input.text('Description') ?? '',
      tags,
      milliseconds: call.world.settings.durations.snapshot,
      fails: call.world.failsLater('CreateSnapshot', call.region.name),
    });
    return snapshotXml(call, snapshot);
  }),

  CreateSnapshots: action('InstanceSpecification Description TagSpecification CopyTagsFromSource', (call) => {
    const instance = findInstance(call, call.input.text('InstanceSpecification.InstanceId') ?? '');
    const isWithoutRoot = call.input.flag('InstanceSpecification.ExcludeBootVolume') === true;
    const volumes = instance.volumes.filter(({ attachment }) => !(isWithoutRoot && attachment?.device === instance.rootDeviceName));
    const tags = tagSpecifications(call.input, ['snapshot']);
    const fails = call.world.failsLater('CreateSnapshots', call.region.name);
    const isCopying = call.input.text('CopyTagsFromSource') === 'volume';
    return {
      snapshotSet: volumes.map((volume) => snapshotXml(call, beginSnapshot(call, volume, {
        description: call.input.text('Description') ?? '',
        tags: new Map([...(isCopying ? volume.tags : []), ...tags('snapshot')]),
        milliseconds: call.world.settings.durations.snapshot,
        fails,
      }).snapshot)),
    };
  }),

  CopySnapshot: action(COPY_PARAMETERS, (call) => {
    const { world } = call;
    const source = findSnapshot(call, required(call, 'SourceSnapshotId'), world.region(required(call, 'SourceRegion')));
    if (source.state !== 'completed') { throw new ApiError('IncorrectState', `The snapshot '${source.id}' is not completed.`); }
    const copy = copyOf(call, source, {
      description: call.input.text('Description') ?? '',
      encrypted: call.input.flag('Encrypted'),
      kmsKeyId: call.input.text('KmsKeyId'),
      tags: tagSpecifications(call.input, ['snapshot'])('snapshot'),
    });
    void finish(world, copy, Promise.resolve(source.disk), world.settings.durations.copy, world.failsLater('CopySnapshot', call.region.name));
    return { snapshotId: copy.id, tagSet: tagSet(copy.tags) };
  }),

  DescribeSnapshots: action('SnapshotId Owner RestorableBy Filter MaxResults NextToken', describeSnapshots),

  DeleteSnapshot: action('SnapshotId', async (call) => {
    const snapshot = findOwnSnapshot(call, required(call, 'SnapshotId'));
    const user = userOf(call, snapshot);
    if (user) { throw new ApiError('InvalidSnapshot.InUse', `The snapshot ${snapshot.id} is currently in use by ${user}`); }
    await dropSnapshot(call.world, snapshot);
    return { return: true };
  }),

  ModifySnapshotAttribute: action('SnapshotId Attribute OperationType UserId UserGroup CreateVolumePermission', (call) => {
    const snapshot = findOwnSnapshot(call, required(call, 'SnapshotId'));
    const { input } = call;
    const permission = input.group('CreateVolumePermission');
    const names = (group: 'Add' | 'Remove') => permission.groups(group).map((one) => one.text('UserId') ?? one.text('Group') ?? '');
    const direct = [...input.texts('UserId'), ...input.texts('UserGroup')];
    const added = [...names('Add'), ...(input.text('OperationType') === 'add' ? direct : [])];
    const removed = [...names('Remove'), ...(input.text('OperationType') === 'remove' ? direct : [])];
    if (added.length > 0 && snapshot.encrypted && isDefaultKey(snapshot.kmsKeyId)) {
      throw new ApiError('OperationNotPermitted', 'Encrypted snapshots with EBS default key cannot be shared');
    }
    if (added.includes('all') && snapshot.encrypted) { throw new ApiError('OperationNotPermitted', 'Encrypted snapshots cannot be made public'); }
    for (const name of added) { snapshot.permissions.add(name); }
    for (const name of removed) { snapshot.permissions.delete(name); }
    return { return: true };
  }),

  DescribeSnapshotAttribute: action('SnapshotId Attribute', (call) => {
    const snapshot = findOwnSnapshot(call, required(call, 'SnapshotId'));
    if (call.input.text('Attribute') !== 'createVolumePermission') { return { snapshotId: snapshot.id, productCodes: [] }; }
    return {
      snapshotId: snapshot.id,
      createVolumePermission: [...snapshot.permissions].map((name) => name === 'all' ? { group: name } : { userId: name }),
    };
  }),
};

/** A snapshot in the region of the call that is to become a copy of another one. */
export function copyOf(
  call: Call, source: Snapshot,
  options: { readonly description: string; readonly encrypted?: boolean; readonly kmsKeyId?: string; readonly tags: Tags },
): Snapshot {
  const { world } = call;
  const encrypted = source.encrypted || options.encrypted === true || world.settings.encryptionByDefault.includes(call.region.name);
  if (options.kmsKeyId && !encrypted) { throw new ApiError('InvalidParameterDependency', 'The parameter KmsKeyId requires the parameter Encrypted to be set.'); }
  const copy: Snapshot = {
    id: newId('snap'),
    owner: call.account,
    createdAt: world.clock.now(),
    tags: options.tags,
    state: 'pending',
    volumeId: 'vol-ffffffff',
    size: source.size,
    description: options.description,
    encrypted,
    kmsKeyId: encrypted ? keyArn(call, options.kmsKeyId) : undefined,
    permissions: new Set(),
    readyAt: world.clock.now() + world.settings.durations.copy,
  };
  call.region.snapshots.set(copy.id, copy);
  return copy;
}

/** The image that a snapshot belongs to. */
function userOf(call: Call, snapshot: Snapshot): string | undefined {
  for (const image of call.region.images.values()) {
    if (image.state !== 'deregistered' && image.mappings.some(({ ebs }) => ebs?.snapshotId === snapshot.id)) { return image.id; }
  }
  return undefined;
}

function describeSnapshots(call: Call): Answer {
  const { input, region, world, account } = call;
  const ids = input.texts('SnapshotId');
  const owners = input.texts('Owner');
  const passes = filters<Snapshot>(input, {
    'snapshot-id': ({ id }) => [id],
    'status': ({ state }) => [state],
    'volume-id': ({ volumeId }) => [volumeId],
    'description': ({ description }) => [description],
    'encrypted': ({ encrypted }) => [encrypted],
    'owner-id': ({ owner }) => [owner],
    'volume-size': ({ size }) => [size],
    'start-time': ({ createdAt }) => [new Date(createdAt).toISOString()],
    'progress': (snapshot) => [progress(world, snapshot)],
    'storage-tier': () => ['standard'],
  });
  const found = ids.length > 0
    ? ids.map((id) => findSnapshot(call, id))
    : [...region.snapshots.values()].filter((snapshot) => visible(world, snapshot) && mayRead(account, snapshot));
  const wanted = found.filter((snapshot) => (
    passes(snapshot) && (owners.length === 0 || owners.some((owner) => snapshot.owner === (owner === 'self' ? account : owner)))
  ));
  const { items, nextToken } = page(wanted, input, { min: 5, max: 1000 }, 'SnapshotId');
  return { snapshotSet: items.map((snapshot) => snapshotXml(call, snapshot)), nextToken };
}

function progress(world: World, snapshot: Snapshot): string {
  if (snapshot.state !== 'pending') { return '100%'; }
  const total = Math.max(1, snapshot.readyAt - snapshot.createdAt);
  return `${Math.min(99, Math.floor((world.clock.now() - snapshot.createdAt) / total * 100))}%`;
}

function snapshotXml(call: Call, snapshot: Snapshot): { readonly [name: string]: Xml } {
  return {
    snapshotId: snapshot.id,
    volumeId: snapshot.volumeId,
    status: snapshot.state,
    statusMessage: snapshot.stateMessage,
    startTime: new Date(snapshot.createdAt),
    progress: progress(call.world, snapshot),
    ownerId: snapshot.owner,
    volumeSize: snapshot.size,
    description: snapshot.description,
    encrypted: snapshot.encrypted,
    kmsKeyId: snapshot.kmsKeyId,
    storageTier: 'standard',
    tagSet: tagSet(snapshot.tags),
  };
}
