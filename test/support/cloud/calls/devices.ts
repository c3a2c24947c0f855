import { ApiError } from '../protocol/api-error';
import type { Parameters } from '../protocol/query';
import type { Xml } from '../protocol/xml';
import type { DeviceMapping, Snapshot } from '../records';
import { visible, type Call } from '../world';
import { findSnapshot } from './lookup';

const DEFAULT_KEY_ALIAS = 'alias/aws/ebs';

const TYPES = new Set(['gp2', 'gp3', 'io1', 'io2', 'st1', 'sc1', 'standard']);

/** A block device as a call asks for it. */
export interface DeviceRequest {
  readonly deviceName: string;
  readonly none: boolean;
  readonly virtualName?: string;
  readonly ebs?: {
    readonly snapshotId?: string;
    readonly size?: number;
    readonly volumeType?: string;
    readonly iops?: number;
    readonly throughput?: number;
    readonly encrypted?: boolean;
    readonly kmsKeyId?: string;
    readonly deleteOnTermination?: boolean;
  };
}

export function deviceRequests(input: Parameters): DeviceRequest[] {
  return input.groups('BlockDeviceMapping').map((group) => {
    const deviceName = group.text('DeviceName');
    if (!deviceName) { throw new ApiError('MissingParameter', 'The request must contain the parameter BlockDeviceMapping.DeviceName'); }
    const ebs = group.has('Ebs') ? group.group('Ebs') : undefined;
    const volumeType = ebs?.text('VolumeType');
    if (volumeType && !TYPES.has(volumeType)) {
      throw new ApiError('InvalidParameterValue', `Value (${volumeType}) for parameter volumeType is invalid.`);
    }
    if (ebs?.has('Throughput') && volumeType !== 'gp3') {
      throw new ApiError('InvalidParameterCombination', 'The parameter throughput is only supported for gp3 volumes');
    }
    if (ebs?.has('KmsKeyId') && ebs.flag('Encrypted') !== true) {
      throw new ApiError('InvalidParameterDependency', `The parameter KmsKeyId requires the parameter Encrypted to be set to true for device ${deviceName}.`);
    }
    return {
      deviceName,
      none: group.has('NoDevice'),
      virtualName: group.text('VirtualName'),
      ebs: ebs && {
        snapshotId: ebs.text('SnapshotId'),
        size: ebs.number('VolumeSize'),
        volumeType,
        iops: ebs.number('Iops'),
        throughput: ebs.number('Throughput'),
        encrypted: ebs.flag('Encrypted'),
        kmsKeyId: ebs.text('KmsKeyId'),
        deleteOnTermination: ebs.flag('DeleteOnTermination'),
      },
    };
  });
}

/** What a launch makes of an image's devices and those that its caller asks for. */
export interface PlannedVolume {
  readonly device: string;
  readonly size: number;
  readonly volumeType: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly encrypted: boolean;
  readonly kmsKeyId?: string;
  readonly snapshotId?: string;
  readonly deleteOnTermination: boolean;
}

export function planVolumes(call: Call, mappings: readonly DeviceMapping[], requests: readonly DeviceRequest[]): PlannedVolume[] {
  const byDevice = new Map(mappings.map((mapping) => [mapping.deviceName, mapping.ebs] as const));
  for (const { deviceName, none } of requests) { if (none) { byDevice.delete(deviceName); } }
  const asked = new Map(requests.filter(({ none, ebs }) => !none && ebs).map((one) => [one.deviceName, one.ebs!] as const));
  const planned: PlannedVolume[] = [];
  for (const device of new Set([...byDevice.keys(), ...asked.keys()])) {
    const given = byDevice.get(device);
    const wanted = asked.get(device);
    if (!given && !wanted) { continue; }
    const snapshotId = wanted?.snapshotId ?? given?.snapshotId;
    const snapshot = snapshotId ? snapshotOf(call, snapshotId, wanted?.snapshotId === undefined) : undefined;
    const size = wanted?.size ?? given?.size ?? snapshot?.size;
    if (size === undefined) { throw new ApiError('MissingParameter', `The request must contain the parameter size or snapshotId for device ${device}`); }
    if (snapshot && size < snapshot.size) {
      throw new ApiError('InvalidBlockDeviceMapping', `Volume of size ${size}GB is smaller than snapshot '${snapshot.id}', expect size >= ${snapshot.size}GB`);
    }
    if (snapshot?.encrypted && wanted?.encrypted === false) {
      throw new ApiError('InvalidParameterDependency', `The encrypted flag cannot be false for device ${device}: its snapshot is encrypted.`);
    }
    const encrypted = wanted?.encrypted ?? (snapshot?.encrypted || call.world.settings.encryptionByDefault.includes(call.region.name));
    const volumeType = wanted?.volumeType ?? given?.volumeType ?? 'gp2';
    planned.push({
      device,
      size,
      volumeType,
      encrypted,
      snapshotId,
      iops: wanted?.iops ?? given?.iops ?? (volumeType === 'gp3' ? 3000 : volumeType === 'gp2' ? Math.max(100, size * 3) : undefined),
      throughput: wanted?.throughput ?? given?.throughput ?? (volumeType === 'gp3' ? 125 : undefined),
      kmsKeyId: encrypted ? keyArn(call, wanted?.kmsKeyId ?? snapshot?.kmsKeyId) : undefined,
      deleteOnTermination: wanted?.deleteOnTermination ?? given?.deleteOnTermination ?? true,
    });
  }
  return planned;
}

/** Who may launch an image needs no permission for the snapshots that it consists of. */
function snapshotOf(call: Call, id: string, ofImage: boolean): Snapshot {
  const snapshot = ofImage ? visible(call.world, call.region.snapshots.get(id)) : undefined;
  return snapshot ?? findSnapshot(call, id);
}

/** The ARN of a key that is given as an ID, alias or ARN; of the account's default key where none is. */
export function keyArn(call: Pick<Call, 'account' | 'region' | 'world'>, key?: string): string {
  const name = key ?? call.world.settings.defaultKey;
  if (name.startsWith('arn:')) { return name; }
  return `arn:aws:kms:${call.region.name}:${call.account}:${name.startsWith('alias/') ? name : `key/${name}`}`;
}

export function isDefaultKey(arn: string | undefined): boolean {
  return arn === undefined || arn.endsWith(`:${DEFAULT_KEY_ALIAS}`);
}

export function mappingsXml(mappings: readonly DeviceMapping[]): Xml {
  return mappings.map(({ deviceName, virtualName, ebs }) => ({
    deviceName,
    virtualName,
    ebs: ebs && {
      snapshotId: ebs.snapshotId,
      volumeSize: ebs.size,
      deleteOnTermination: ebs.deleteOnTermination,
      volumeType: ebs.volumeType,
      iops: ebs.iops,
      throughput: ebs.throughput,
      encrypted: ebs.encrypted,
    },
  }));
}
