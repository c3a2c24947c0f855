import { gzipSync } from 'zlib';
import { Token } from 'aws-cdk-lib';
import { AGENT_FAMILIES } from './builder-faults';
import { oddTexts } from './odd-texts';
import type { Fault } from '../../errors';
import type { MachineSpec, VolumeSpec, VolumeSpeed } from '../../plan/model';
import type { Source } from '../sources/source';

/** EC2 takes 16 KiB of user-data; ours shares them with what brings up the machine. */
const USER_DATA_LIMIT = 12 * 1024;

interface IopsRange {
  readonly least: number;
  readonly most: number;
  readonly perGiB: number;
}

/** Types whose I/O operations a second can be chosen. */
const IOPS: { readonly [type: string]: IopsRange | undefined } = {
  gp3: { least: 3000, most: 80_000, perGiB: 500 },
  io1: { least: 100, most: 64_000, perGiB: 50 },
  io2: { least: 100, most: 256_000, perGiB: 1000 },
};

const GP3_IOPS = 3000;
const THROUGHPUT = { least: 125, most: 2000, perIops: 0.25 };

/** What is wrong with the volumes of a machine. CDK tokens are reported elsewhere. */
export function volumesFaults({ rootVolume, rootVolumeSizeMiB, volumes = [] }: MachineSpec): Fault[] {
  const names = volumes.map(({ deviceName }) => deviceName);
  return [
    ...(rootVolume ? speedFaults('The root volume', rootVolume, rootVolumeSizeMiB === undefined ? undefined : rootVolumeSizeMiB / 1024) : []),
    ...(rootVolume?.type === 'st1' || rootVolume?.type === 'sc1' ? [{
      code: 'invalid-volume', message: `The root volume is of the type ${rootVolume.type}, which no instance boots from`, hint: 'Take gp3.',
    }] : []),
    ...volumes.flatMap(volumeFaults),
    ...[...new Set(names.filter((name, index) => names.indexOf(name) !== index))].map((name) => ({
      code: 'duplicate-device', message: `Two volumes have the device name ${name}`, hint: 'Give each its own.',
    })),
  ];
}

/** What is wrong with the user-data of a machine. */
export function userDataFaults(userData: string | undefined): Fault[] {
  if (userData === undefined || Token.isUnresolved(userData)) { return []; }
  if (!/^(#!|#cloud-config\r?\n)/.test(userData)) {
    return [{
      code: 'invalid-user-data',
      message: 'userData is neither a script nor a #cloud-config',
      hint: 'Begin it with #! or with the line #cloud-config: UserData.forLinux(), UserData.custom(...).',
    }];
  }
  const size = gzipSync(userData).length;
  if (size <= USER_DATA_LIMIT) { return []; }
  return [{
    code: 'user-data-too-big',
    message: `userData has ${size} bytes after compression`,
    hint: `EC2 takes 16 KiB, of which this library needs some: give at most ${USER_DATA_LIMIT}, and do the rest in a provisioner.`,
  }];
}

/** What is wrong with an agent of Systems Manager that an image is to have. */
export function installedAgentFaults({ ssmAgent, osFamily }: MachineSpec, source: Source): Fault[] {
  if (!ssmAgent || source.hasSsmAgent || AGENT_FAMILIES.includes(osFamily)) { return []; }
  return [{
    code: 'no-ssm-agent',
    message: `installSsmAgent is set, and the agent cannot be installed on the OS family ${osFamily}`,
    hint: 'Is it of the Debian, Red Hat or SUSE family? Say osFamily of the source. Else install it by a provisioner, and say hasSsmAgent of images that start from this one.',
  }];
}

function volumeFaults(volume: VolumeSpec): Fault[] {
  const { deviceName, sizeGiB, snapshotId } = volume;
  return [
    ...oddTexts(/^\/dev\/(sd[b-z]|xvd[b-z]|xvd[b-d][a-z])$/, [deviceName]).map((text) => ({
      code: 'invalid-device', message: `${text} cannot be the device name of a volume`, hint: 'Give one from /dev/sdb to /dev/sdz, best from /dev/sdf on; the root volume is rootVolume.',
    })),
    ...oddTexts(/^snap-[0-9a-f]{8,17}$/, snapshotId === undefined ? [] : [snapshotId]).map((text) => ({
      code: 'invalid-snapshot', message: `${text} is not the ID of a snapshot`, hint: 'Give one such as snap-0123456789abcdef0.',
    })),
    ...(sizeGiB === undefined && snapshotId === undefined ? [{
      code: 'invalid-volume', message: `The volume ${deviceName} has neither a size nor a snapshot`, hint: 'Give size: Size.gibibytes(...), or snapshotId.',
    }] : []),
    ...speedFaults(`The volume ${deviceName}`, volume, sizeGiB),
  ];
}

function speedFaults(what: string, { type, iops, throughput }: VolumeSpeed, sizeGiB: number | undefined): Fault[] {
  const fault = (message: string, hint: string): Fault => ({ code: 'invalid-volume', message: `${what} ${message}`, hint });
  return [...iopsFaults(type, iops, sizeGiB, fault), ...throughputFaults(type, iops, throughput, fault)];
}

type FaultOf = (message: string, hint: string) => Fault;

function iopsFaults(type: string, iops: number | undefined, sizeGiB: number | undefined, fault: FaultOf): Fault[] {
  const range = IOPS[type];
  if (iops === undefined) {
    return type === 'io1' || type === 'io2' ? [fault(`is of the type ${type} and has no iops`, 'Say how many I/O operations a second it is to have.')] : [];
  }
  if (Token.isUnresolved(iops)) { return []; }
  if (!range) { return [fault(`is of the type ${type}, which takes no iops`, 'Leave iops out, or take gp3, io1 or io2.')]; }
  if (!Number.isInteger(iops) || iops < range.least || iops > range.most) {
    return [fault(`has ${iops} iops`, `Give a whole number from ${range.least} to ${range.most} for ${type}.`)];
  }
  // The base speed of gp3 is there at any size.
  const most = sizeGiB === undefined ? range.most : Math.max(type === 'gp3' ? GP3_IOPS : range.least, Math.floor(sizeGiB * range.perGiB));
  if (iops <= most) { return []; }
  return [fault(`has ${iops} iops for ${sizeGiB} GiB`, `${type} takes at most ${range.perGiB} for each GiB: ${most} here.`)];
}

function throughputFaults(type: string, iops: number | undefined, throughput: number | undefined, fault: FaultOf): Fault[] {
  if (throughput === undefined || Token.isUnresolved(throughput) || Token.isUnresolved(iops)) { return []; }
  if (type !== 'gp3') { return [fault(`is of the type ${type}, which takes no throughput`, 'Leave throughput out, or take gp3.')]; }
  if (!Number.isInteger(throughput) || throughput < THROUGHPUT.least || throughput > THROUGHPUT.most) {
    return [fault(`has a throughput of ${throughput} MiB/s`, `Give a whole number from ${THROUGHPUT.least} to ${THROUGHPUT.most}.`)];
  }
  const most = Math.floor((iops ?? GP3_IOPS) * THROUGHPUT.perIops);
  if (throughput <= most) { return []; }
  return [fault(`has a throughput of ${throughput} MiB/s with ${iops ?? GP3_IOPS} iops`, `It takes a quarter of its iops at most: give at least ${throughput / THROUGHPUT.perIops} iops.`)];
}
