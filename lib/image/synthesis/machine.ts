import { SizeRoundingBehavior, type Size } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { installedAgentFaults, userDataFaults, volumesFaults } from './machine-faults';
import type { Fault } from '../../errors';
import type { MachineSpec, VolumeSpec, VolumeSpeed } from '../../plan/model';
import type { AmiImageProps } from '../ami-image-props';
import { tokenFaults } from '../lowering/token-faults';
import type { RootVolumeOptions, VolumeOptions } from '../machine/volume-options';

const MEBIBYTES = 1024;

/** The machine as far as it shapes the disk, and everything that is wrong with it. */
export interface RenderedMachine {
  readonly machine: MachineSpec;
  readonly faults: readonly Fault[];
}

/** Renders the machine. What nobody asked for is left out, so that the hash does not move with what we come to offer. */
export function renderMachine(image: Construct, props: AmiImageProps): RenderedMachine {
  const path = image.node.path;
  const { source, rootVolumeSize, rootVolume } = props;
  const faults: Fault[] = [];
  const report = (fault: Fault) => { faults.push({ ...fault, path }); };
  if (rootVolumeSize && rootVolume?.size) {
    report({ code: 'conflicting-options', message: 'The image has a rootVolumeSize and a rootVolume with a size', hint: 'Leave one of them out.' });
  }
  const machine: MachineSpec = {
    architecture: source._architecture(),
    osFamily: source.osFamily._family,
    rootVolumeSizeMiB: rootVolume?.size ? wholeMebibytes(rootVolume.size, 'rootVolume.size', report) : wholeMebibytes(rootVolumeSize, 'rootVolumeSize', report),
    rootVolume: rootSpeed(rootVolume),
    volumes: props.volumes?.length ? props.volumes.map((volume) => volumeSpec(volume, report)) : undefined,
    userData: props.userData?.render(),
    ssmAgent: props.installSsmAgent ? true : undefined,
    bootMode: props.bootMode,
  };
  const { rootVolume: speed, volumes, userData } = machine;
  faults.push(...tokenFaults({ rootVolume: speed, volumes, userData }, path));
  [...volumesFaults(machine), ...userDataFaults(userData), ...bootModeFaults(machine), ...installedAgentFaults(machine, source)].forEach(report);
  return { machine, faults };
}

function rootSpeed({ volumeType, iops, throughput }: RootVolumeOptions = {}): VolumeSpeed | undefined {
  if (volumeType === undefined && iops === undefined && throughput === undefined) { return undefined; }
  return { type: volumeType ?? 'gp3', iops, throughput };
}

function volumeSpec(options: VolumeOptions, report: (fault: Fault) => void): VolumeSpec {
  const { deviceName, size, snapshotId, volumeType, iops, throughput, deleteOnTermination } = options;
  const mebibytes = wholeMebibytes(size, `The size of ${deviceName}`, report);
  if (mebibytes !== undefined && mebibytes % MEBIBYTES !== 0) {
    report({ code: 'invalid-size', message: `The size of ${deviceName} is ${mebibytes} MiB`, hint: 'Give whole gibibytes.' });
  }
  return {
    deviceName,
    sizeGiB: mebibytes === undefined ? undefined : mebibytes / MEBIBYTES,
    snapshotId,
    type: volumeType ?? 'gp3',
    iops,
    throughput,
    deleteOnTermination: deleteOnTermination ?? true,
  };
}

function bootModeFaults({ architecture, bootMode }: MachineSpec): Fault[] {
  if (architecture !== 'arm64' || bootMode === undefined || bootMode === 'uefi') { return []; }
  return [{ code: 'invalid-boot-mode', message: `Machines of the architecture arm64 cannot boot in the mode ${bootMode}`, hint: 'They know UEFI only: leave bootMode out.' }];
}

function wholeMebibytes(size: Size | undefined, field: string, report: (fault: Fault) => void): number | undefined {
  if (size?.isUnresolved()) {
    report({ code: 'token', message: `${field} holds a CDK token`, hint: 'Give a plain size, such as Size.gibibytes(8).' });
    return undefined;
  }
  const mebibytes = size?.toMebibytes({ rounding: SizeRoundingBehavior.NONE });
  if (mebibytes === undefined || (Number.isInteger(mebibytes) && mebibytes >= 1)) { return mebibytes; }
  report({ code: 'invalid-size', message: `${field} is ${mebibytes} MiB`, hint: 'Give whole mebibytes, at least one.' });
  return undefined;
}
