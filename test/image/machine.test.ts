import { Lazy, Size } from 'aws-cdk-lib';
import * as ec2 from 'aws-cdk-lib/aws-ec2';
import { declareImage, faultsOf, newStack } from './declaration';
import type { AmiImageProps } from '../../lib/image/ami-image-props';
import { Communicator } from '../../lib/image/communicator';
import { BootMode } from '../../lib/image/machine/boot-mode';
import type { RootVolumeOptions, VolumeOptions } from '../../lib/image/machine/volume-options';
import { OsFamily } from '../../lib/image/os-family';
import { Source } from '../../lib/image/sources/source';

const { EbsDeviceVolumeType: VolumeType, InstanceArchitecture } = ec2;

const machineOf = (props: Partial<AmiImageProps>) => JSON.parse(JSON.stringify(declareImage(props)._plan().definition.machine));
const faults = (props: Partial<AmiImageProps>) => faultsOf(declareImage(props)).map(({ code, message }) => [code, message]);
const data: VolumeOptions = { deviceName: '/dev/sdf', size: Size.gibibytes(100) };

test('the root volume is of gp3 where only its speed is given', () => {
  expect(machineOf({ rootVolume: { size: Size.gibibytes(20), iops: 4000, throughput: 1000 } })).toEqual({
    architecture: 'x86_64', osFamily: 'debian', rootVolumeSizeMiB: 20_480, rootVolume: { type: 'gp3', iops: 4000, throughput: 1000 },
  });
});

test('the size of the root volume is the same in both ways, and so is the image', () => {
  const size = Size.gibibytes(20);
  expect(declareImage({ rootVolume: { size } }).definitionHash).toBe(declareImage({ rootVolumeSize: size }).definitionHash);
  expect(faults({ rootVolume: { size }, rootVolumeSize: size })).toEqual([
    ['conflicting-options', 'The image has a rootVolumeSize and a rootVolume with a size'],
  ]);
});

test('further volumes have their defaults said', () => {
  const volumes = [data, { deviceName: '/dev/sdg', snapshotId: 'snap-0123456789abcdef0', volumeType: VolumeType.IO2, iops: 500, deleteOnTermination: false }];
  expect(machineOf({ volumes }).volumes).toEqual([
    { deviceName: '/dev/sdf', sizeGiB: 100, type: 'gp3', deleteOnTermination: true },
    { deviceName: '/dev/sdg', snapshotId: 'snap-0123456789abcdef0', type: 'io2', iops: 500, deleteOnTermination: false },
  ]);
});

test('what nobody asked for is not in the machine, so the hash of an image does not move', () => {
  expect(machineOf({})).toEqual({ architecture: 'x86_64', osFamily: 'debian' });
  expect(declareImage({ volumes: [] }).definitionHash).toBe(declareImage().definitionHash);
});

test.each<[string, Partial<AmiImageProps>]>([
  ['another volume', { volumes: [data] }],
  ['another speed', { rootVolume: { iops: 4000 } }],
  ['user-data', { userData: ec2.UserData.forLinux() }],
  ['firmware', { bootMode: BootMode.UEFI }],
])('%s makes another image', (_, props) => {
  expect(declareImage(props).definitionHash).not.toBe(declareImage().definitionHash);
});

test('encryption does not make another image: the build tells them apart by their keys', () => {
  expect(declareImage({ encrypted: false }).definitionHash).toBe(declareImage().definitionHash);
});

test('an SSM agent that it is to have is part of what it is, and known to images that start from it', () => {
  const [plain, image] = [declareImage(), declareImage({ installSsmAgent: true })];
  expect(machineOf({ installSsmAgent: true })).toEqual({ architecture: 'x86_64', osFamily: 'debian', ssmAgent: true });
  expect(machineOf({ installSsmAgent: false })).toEqual({ architecture: 'x86_64', osFamily: 'debian' });
  expect(image.definitionHash).not.toBe(plain.definitionHash);
  expect([plain.hasSsmAgent, image.hasSsmAgent, Source.image(image).hasSsmAgent]).toEqual([false, true, true]);
});

test('an SSM agent cannot be installed on every system', () => {
  const installed = (osFamily: OsFamily, hasSsmAgent = false) => faults({
    source: Source.ami('ami-0123456789abcdef0', { osFamily, hasSsmAgent }), installSsmAgent: true, builder: { communicator: Communicator.ssh() },
  });
  expect(installed(OsFamily.ALPINE)).toEqual([['no-ssm-agent', 'installSsmAgent is set, and the agent cannot be installed on the OS family alpine']]);
  expect([installed(OsFamily.SUSE), installed(OsFamily.ALPINE, true)]).toEqual([[], []]);
});

test('user-data is in the machine as it is', () => {
  const script = ec2.UserData.forLinux();
  script.addCommands('echo hello');
  expect(machineOf({ userData: script }).userData).toBe('#!/bin/bash\necho hello');
  expect(machineOf({ userData: ec2.UserData.custom('#cloud-config\npackages: [jq]\n') }).userData).toBe('#cloud-config\npackages: [jq]\n');
});

describe('user-data is a fault', () => {
  test.each<[string, ec2.UserData]>([
    ['for Windows', ec2.UserData.forWindows()],
    ['of several parts', new ec2.MultipartUserData()],
    ['that cloud-init would not understand', ec2.UserData.custom('echo hello')],
  ])('%s', (_, userData) => {
    expect(faults({ userData })).toEqual([['invalid-user-data', 'userData is neither a script nor a #cloud-config']]);
  });

  test('that is bigger than EC2 takes, after compression', () => {
    const noise = Array.from({ length: 4000 }, (_, i) => Math.sin(i + 1).toString(36)).join('\n');
    expect(faults({ userData: ec2.UserData.custom(`#!/bin/sh\n${noise}`) })).toEqual([['user-data-too-big', expect.stringMatching(/^userData has \d+ bytes after compression$/)]]);
    expect(faults({ userData: ec2.UserData.custom(`#!/bin/sh\n${'# the same line\n'.repeat(4000)}`) })).toEqual([]);
  });

  test('with a CDK token', () => {
    const stack = newStack();
    expect(faultsOf(declareImage({ userData: ec2.UserData.custom(`#!/bin/sh\necho ${stack.region}`) }, stack)).map(({ message }) => message))
      .toEqual(['userData holds a CDK token']);
  });
});

describe('firmware', () => {
  const arm = Source.debian('12', { architecture: InstanceArchitecture.ARM_64 });

  test.each([BootMode.LEGACY_BIOS, BootMode.UEFI_PREFERRED])('that arm64 does not have is a fault: %s', (bootMode) => {
    expect(faults({ source: arm, bootMode })).toEqual([['invalid-boot-mode', `Machines of the architecture arm64 cannot boot in the mode ${bootMode}`]]);
  });

  test('that it has is said to EC2', () => {
    expect(machineOf({ source: arm, bootMode: BootMode.UEFI }).bootMode).toBe('uefi');
  });
});

describe('the root volume has a fault', () => {
  test.each<[RootVolumeOptions, string]>([
    [{ volumeType: VolumeType.ST1 }, 'The root volume is of the type st1, which no instance boots from'],
    [{ volumeType: VolumeType.GP2, iops: 3000 }, 'The root volume is of the type gp2, which takes no iops'],
    [{ volumeType: VolumeType.IO1 }, 'The root volume is of the type io1 and has no iops'],
    [{ iops: 100 }, 'The root volume has 100 iops'],
    [{ iops: 90_000 }, 'The root volume has 90000 iops'],
    [{ iops: 3000.5 }, 'The root volume has 3000.5 iops'],
    [{ size: Size.gibibytes(10), iops: 6000 }, 'The root volume has 6000 iops for 10 GiB'],
    [{ size: Size.gibibytes(10), volumeType: VolumeType.IO1, iops: 501 }, 'The root volume has 501 iops for 10 GiB'],
    [{ volumeType: VolumeType.GP2, throughput: 200 }, 'The root volume is of the type gp2, which takes no throughput'],
    [{ throughput: 100 }, 'The root volume has a throughput of 100 MiB/s'],
    [{ throughput: 800 }, 'The root volume has a throughput of 800 MiB/s with 3000 iops'],
  ])('%j', (rootVolume, message) => {
    expect(faults({ rootVolume })).toEqual([['invalid-volume', message]]);
  });

  test.each<RootVolumeOptions>([
    { size: Size.gibibytes(2), iops: 3000 },
    { size: Size.gibibytes(10), iops: 5000, throughput: 1250 },
    { size: Size.gibibytes(10), volumeType: VolumeType.IO2, iops: 10_000 },
    { throughput: 750 },
    { volumeType: VolumeType.STANDARD },
  ])('but not %j', (rootVolume) => {
    expect(faults({ rootVolume })).toEqual([]);
  });
});

test.each<[string, VolumeOptions[], string]>([
  ['the name of the root volume', [{ ...data, deviceName: '/dev/sda1' }], 'invalid-device'],
  ['no path', [{ ...data, deviceName: 'sdf' }], 'invalid-device'],
  ['the name of another', [data, data], 'duplicate-device'],
  ['no size', [{ deviceName: '/dev/sdf' }], 'invalid-volume'],
  ['half a gibibyte', [{ ...data, size: Size.mebibytes(512) }], 'invalid-size'],
  ['a size of a token', [{ ...data, size: Size.gibibytes(Lazy.number({ produce: () => 1 })) }], 'token'],
  ['a snapshot that is none', [{ ...data, snapshotId: 'snapshot' }], 'invalid-snapshot'],
  ['more than its type takes', [{ ...data, volumeType: VolumeType.SC1, iops: 100 }], 'invalid-volume'],
])('a volume with %s is a fault', (_, volumes, code) => {
  expect(faults({ volumes }).map(([first]) => first)).toContain(code);
});
