import type { EC2 } from '@aws-sdk/client-ec2';
import { codeOf, type Cases } from './case';
import { available, debian, describe1, image, launch, reach, running } from '../cloud-clients';
import { until } from '../until';

export const IMAGE_CASES: Cases = {
  'ec2:CreateImage': async ({ cloud, to: { ec2 } }) => {
    // The AWS CLI takes its time for each call.
    cloud.settings.durations.image = 2000;
    const id = await running(ec2, { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 12, Encrypted: true } }] });
    const request = {
      InstanceId: id,
      Name: 'web 0123456789abcdef',
      Description: 'd',
      TagSpecifications: (['image', 'snapshot'] as const).map((ResourceType) => ({ ResourceType, Tags: [{ Key: 'of', Value: ResourceType }] })),
    };
    const { ImageId } = await ec2.createImage(request);
    expect(await codeOf(ec2.createImage(request))).toBe('InvalidAMIName.Duplicate');
    expect((await one(ec2, ImageId!)).State).toBe('pending');
    await available(ec2, ImageId!);
    const made = await one(ec2, ImageId!);
    expect(made).toMatchObject({
      Name: request.Name,
      Description: 'd',
      Tags: [{ Key: 'of', Value: 'image' }],
      RootDeviceName: '/dev/xvda',
      Architecture: 'x86_64',
      EnaSupport: true,
      SourceInstanceId: id,
      Public: false,
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 12, Encrypted: true, VolumeType: 'gp3' } }],
    });
    const snapshots = await ec2.describeSnapshots({ OwnerIds: ['self'] });
    expect(snapshots.Snapshots).toMatchObject([{ State: 'completed', Progress: '100%', Tags: [{ Key: 'of', Value: 'snapshot' }], VolumeSize: 12 }]);
    // It was held still meanwhile, and goes on.
    expect(cloud.world.region(cloud.region).instances.get(id)!.machine).toMatchObject({ log: ['stop', 'capture', 'start'] });
    expect((await describe1(ec2, id)).State!.Name).toBe('running');
    cloud.faults.inject({ action: 'CreateImage', kind: 'async-failure' });
    const failing = await ec2.createImage({ ...request, Name: 'another one' });
    await until(async () => (await one(ec2, failing.ImageId!)).State === 'failed');
    expect(await codeOf(ec2.createImage({ ...request, Name: 'no*' }))).toBe('InvalidAMIName.Malformed');
  },

  'ec2:RegisterImage': async ({ to: { ec2 } }) => {
    const snapshot = await snapshotOf(ec2);
    const request = {
      Name: 'registered',
      Architecture: 'x86_64' as const,
      RootDeviceName: '/dev/xvda',
      VirtualizationType: 'hvm',
      EnaSupport: true,
      SriovNetSupport: 'simple',
      BootMode: 'uefi-preferred' as const,
      TpmSupport: 'v2.0' as const,
      ImdsSupport: 'v2.0' as const,
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshot, VolumeSize: 9, VolumeType: 'gp3' as const, Iops: 3000, Throughput: 125 } }],
      TagSpecifications: [{ ResourceType: 'image' as const, Tags: [{ Key: 'a', Value: 'b' }] }],
    };
    const { ImageId } = await ec2.registerImage(request);
    const { BlockDeviceMappings, TagSpecifications, ...same } = request;
    expect(await one(ec2, ImageId!)).toMatchObject({ ...same, Tags: TagSpecifications[0].Tags, State: 'available' });
    expect((await one(ec2, ImageId!)).BlockDeviceMappings).toMatchObject(BlockDeviceMappings);
    expect(await codeOf(ec2.registerImage(request))).toBe('InvalidAMIName.Duplicate');
    const bare = await ec2.registerImage({ Name: 'bare', RootDeviceName: '/dev/xvda', BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId: snapshot } }] });
    expect(await one(ec2, bare.ImageId!)).toMatchObject({ Architecture: 'i386', VirtualizationType: 'paravirtual' });
    expect((await launch(ec2, { ImageId })).ImageId).toBe(ImageId);
  },

  'ec2:CopyImage': async ({ cloud, to: { ec2, west } }) => {
    const source = await image(ec2);
    await ec2.createTags({ Resources: [source], Tags: [{ Key: 'a', Value: 'b' }] });
    await ec2.modifyImageAttribute({ ImageId: source, LaunchPermission: { Add: [{ UserId: '210987654321' }] } });
    const request = {
      Name: 'copy',
      SourceImageId: source,
      SourceRegion: cloud.region,
      ClientToken: 'token',
      Encrypted: true,
      KmsKeyId: 'alias/mine',
      CopyImageTags: true,
      TagSpecifications: (['image', 'snapshot'] as const).map((ResourceType) => ({ ResourceType, Tags: [{ Key: 'of', Value: ResourceType }] })),
    };
    const first = await west.copyImage(request);
    expect((await west.copyImage(request)).ImageId).toBe(first.ImageId);
    expect(await codeOf(west.copyImage({ ...request, Name: 'other' }))).toBe('IdempotentParameterMismatch');
    await available(west, first.ImageId!);
    const copy = await one(west, first.ImageId!);
    expect(copy.Tags).toEqual([{ Key: 'a', Value: 'b' }, { Key: 'of', Value: 'image' }]);
    expect(copy).toMatchObject({ SourceImageId: source, SourceImageRegion: cloud.region, BlockDeviceMappings: [{ Ebs: { Encrypted: true } }] });
    const { Snapshots } = await west.describeSnapshots({ OwnerIds: ['self'] });
    expect(Snapshots).toMatchObject([{ KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:alias/mine', Tags: [{ Key: 'of', Value: 'snapshot' }] }]);
    expect((await west.describeImageAttribute({ ImageId: first.ImageId, Attribute: 'launchPermission' })).LaunchPermissions ?? []).toEqual([]);
    cloud.faults.inject({ action: 'CopyImage', kind: 'async-failure' });
    const failing = await west.copyImage({ ...request, ClientToken: 'other' });
    await until(async () => (await one(west, failing.ImageId!)).State === 'failed');
    expect(await codeOf(west.copyImage({ ...request, ClientToken: 'third', SourceImageId: 'ami-00000000000000000' }))).toBe('InvalidAMIID.NotFound');
  },

  'ec2:DeregisterImage': async ({ cloud, to: { ec2 } }) => {
    const first = await image(ec2, 'first image');
    await ec2.deregisterImage({ ImageId: first });
    expect((await cloud.resources()).snapshots).toHaveLength(1);
    const second = await image(ec2, 'second image');
    await ec2.enableImageDeregistrationProtection({ ImageId: second });
    expect(await codeOf(ec2.deregisterImage({ ImageId: second }))).toBe('OperationNotPermitted');
    await ec2.disableImageDeregistrationProtection({ ImageId: second });
    await ec2.deregisterImage({ ImageId: second, DeleteAssociatedSnapshots: true });
    expect((await cloud.resources()).snapshots).toHaveLength(1);
    expect(await codeOf(ec2.describeImages({ ImageIds: [second] }))).toBe('InvalidAMIID.NotFound');
  },

  'ec2:DescribeImages': async ({ cloud, to: { ec2 } }) => {
    const id = await image(ec2);
    expect((await ec2.describeImages({ Owners: ['self'] })).Images!.map(({ ImageId }) => ImageId)).toEqual([id]);
    expect((await ec2.describeImages({ Owners: ['self'], Filters: [{ Name: 'ena-support', Values: ['true'] }, { Name: 'creation-date', Values: ['20*'] }] })).Images).toHaveLength(1);
    expect(await codeOf(ec2.describeImages({ Filters: [{ Name: 'colour', Values: ['red'] }] }))).toBe('InvalidParameterValue');
    expect(await codeOf(ec2.describeImages({ ImageIds: ['ami-00000000000000000'] }))).toBe('InvalidAMIID.NotFound');
    const page = await ec2.describeImages({ MaxResults: 3, Owners: ['136693071363', '099720109477'] });
    expect(page.Images).toHaveLength(3);
    const next = await ec2.describeImages({ MaxResults: 3, Owners: ['136693071363', '099720109477'], NextToken: page.NextToken });
    expect(next.Images!.some(({ ImageId }) => page.Images!.some((other) => other.ImageId === ImageId))).toBe(false);
    const xenial = await ec2.describeImages({
      Owners: ['099720109477'],
      Filters: [
        { Name: 'name', Values: ['ubuntu/images/*ubuntu-xenial-16.04-amd64-server-*'] }, { Name: 'root-device-type', Values: ['ebs'] },
      ],
    });
    expect(xenial.Images!.map(({ ImageId }) => ImageId)).toEqual(['ami-785db401']);
    cloud.settings.consistencyMs = 60_000;
    expect((await ec2.describeImages({ Owners: ['self'] })).Images).toEqual([]);
  },

  'ec2:DescribeImageAttribute': async ({ to: { ec2 } }) => {
    const id = await image(ec2);
    await ec2.modifyImageAttribute({ ImageId: id, Description: { Value: 'new' } });
    expect((await ec2.describeImageAttribute({ ImageId: id, Attribute: 'description' })).Description!.Value).toBe('new');
    expect(await codeOf(ec2.describeImageAttribute({ ImageId: await debian(ec2), Attribute: 'launchPermission' }))).toBe('AuthFailure');
  },

  'ec2:ModifyImageAttribute': async ({ cloud, to: { ec2 } }) => {
    const id = await image(ec2);
    const organization = 'arn:aws:organizations::111111111111:organization/o-abcdefghij';
    await ec2.modifyImageAttribute({ ImageId: id, LaunchPermission: { Add: [{ UserId: '210987654321' }, { OrganizationArn: organization }] } });
    await ec2.modifyImageAttribute({ ImageId: id, LaunchPermission: { Remove: [{ UserId: '210987654321' }] } });
    expect((await ec2.describeImageAttribute({ ImageId: id, Attribute: 'launchPermission' })).LaunchPermissions).toEqual([{ OrganizationArn: organization }]);
    await ec2.modifyImageAttribute({ ImageId: id, ImdsSupport: { Value: 'v2.0' } });
    expect((await one(ec2, id)).ImdsSupport).toBe('v2.0');
    expect(await codeOf(ec2.modifyImageAttribute({ ImageId: id, ImdsSupport: { Value: 'v2.0' }, Description: { Value: 'x' } }))).toBe('InvalidParameterCombination');
    cloud.settings.blockPublicImages = true;
    expect(await codeOf(ec2.modifyImageAttribute({ ImageId: id, LaunchPermission: { Add: [{ Group: 'all' }] } }))).toBe('OperationNotPermitted');
    const secret = await image(ec2, 'encrypted', { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: true } }] });
    expect(await codeOf(ec2.modifyImageAttribute({ ImageId: secret, LaunchPermission: { Add: [{ UserId: '210987654321' }] } }))).toBe('InvalidParameter');
  },

  'ec2:ResetImageAttribute': async ({ to: { ec2 } }) => {
    const id = await image(ec2);
    await ec2.modifyImageAttribute({ ImageId: id, LaunchPermission: { Add: [{ Group: 'all' }] } });
    expect((await one(ec2, id)).Public).toBe(true);
    await ec2.resetImageAttribute({ ImageId: id, Attribute: 'launchPermission' });
    expect((await one(ec2, id)).Public).toBe(false);
  },

  'ec2:EnableImageDeprecation': async ({ cloud, to: { ec2 } }) => {
    const id = await image(ec2);
    await ec2.enableImageDeprecation({ ImageId: id, DeprecateAt: new Date('2036-01-01T00:00:20Z') });
    expect((await one(ec2, id)).DeprecationTime).toBe('2036-01-01T00:00:00.000Z');
    expect(await codeOf(ec2.enableImageDeprecation({ ImageId: id, DeprecateAt: new Date(cloud.world.clock.now() - 1000) }))).toBe('InvalidParameterValue');
  },

  'ec2:DisableImageDeprecation': async ({ to: { ec2 } }) => {
    const id = await image(ec2);
    await ec2.enableImageDeprecation({ ImageId: id, DeprecateAt: new Date('2036-01-01T00:00:00Z') });
    await ec2.disableImageDeprecation({ ImageId: id });
    expect((await one(ec2, id)).DeprecationTime).toBeUndefined();
  },

  'ec2:EnableImageDeregistrationProtection': async ({ to: { ec2 } }) => {
    const id = await image(ec2);
    await ec2.enableImageDeregistrationProtection({ ImageId: id, WithCooldown: true });
    expect((await one(ec2, id)).DeregistrationProtection).toBe('enabled-with-cooldown');
  },

  'ec2:DisableImageDeregistrationProtection': async ({ to: { ec2 } }) => {
    const id = await image(ec2);
    await ec2.enableImageDeregistrationProtection({ ImageId: id });
    await ec2.disableImageDeregistrationProtection({ ImageId: id });
    expect((await one(ec2, id)).DeregistrationProtection).toBe('disabled');
    await ec2.enableImageDeregistrationProtection({ ImageId: id, WithCooldown: true });
    await ec2.disableImageDeregistrationProtection({ ImageId: id });
    expect(await codeOf(ec2.deregisterImage({ ImageId: id }))).toBe('OperationNotPermitted');
  },

  'ec2:GetImageBlockPublicAccessState': async ({ cloud, to: { ec2 } }) => {
    expect((await ec2.getImageBlockPublicAccessState({})).ImageBlockPublicAccessState).toBe('unblocked');
    cloud.settings.blockPublicImages = true;
    expect((await ec2.getImageBlockPublicAccessState({})).ImageBlockPublicAccessState).toBe('block-new-sharing');
  },

  'ec2:CreateSnapshot': async ({ to: { ec2 } }) => {
    const id = await running(ec2);
    const { VolumeId } = (await ec2.describeVolumes({ Filters: [{ Name: 'attachment.instance-id', Values: [id] }] })).Volumes![0];
    const made = await ec2.createSnapshot({ VolumeId, TagSpecifications: [{ ResourceType: 'snapshot', Tags: [{ Key: 'a', Value: 'b' }] }] });
    expect(made).toMatchObject({ State: 'pending', Tags: [{ Key: 'a', Value: 'b' }] });
    // It goes on when the volume is gone.
    await ec2.terminateInstances({ InstanceIds: [id] });
    await reach(ec2, id, 'terminated');
    await until(async () => (await ec2.describeSnapshots({ SnapshotIds: [made.SnapshotId!] })).Snapshots![0].State === 'completed');
  },

  'ec2:CreateSnapshots': async ({ to: { ec2 } }) => {
    const id = await running(ec2, { BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs: { VolumeSize: 4 } }] });
    expect((await ec2.createSnapshots({ InstanceSpecification: { InstanceId: id } })).Snapshots).toHaveLength(2);
  },

  'ec2:CopySnapshot': async ({ cloud, to: { ec2, west } }) => {
    const SourceSnapshotId = await snapshotOf(ec2);
    const { SnapshotId } = await west.copySnapshot({ SourceRegion: cloud.region, SourceSnapshotId, Encrypted: true });
    await until(async () => (await west.describeSnapshots({ SnapshotIds: [SnapshotId!] })).Snapshots![0].State === 'completed');
    expect((await west.describeSnapshots({ SnapshotIds: [SnapshotId!] })).Snapshots).toMatchObject([{ Encrypted: true, KmsKeyId: 'arn:aws:kms:eu-west-1:123456789012:alias/aws/ebs' }]);
  },

  'ec2:DescribeSnapshots': async ({ to: { ec2 } }) => {
    const id = await snapshotOf(ec2);
    expect((await ec2.describeSnapshots({ OwnerIds: ['self'] })).Snapshots!.map(({ SnapshotId }) => SnapshotId)).toEqual([id]);
    expect(await codeOf(ec2.describeSnapshots({ SnapshotIds: ['snap-00000000000000000'] }))).toBe('InvalidSnapshot.NotFound');
  },

  'ec2:DescribeSnapshotAttribute': async ({ to: { ec2 } }) => {
    const SnapshotId = await snapshotOf(ec2);
    await ec2.modifySnapshotAttribute({ SnapshotId, CreateVolumePermission: { Add: [{ UserId: '210987654321' }] } });
    const { CreateVolumePermissions } = await ec2.describeSnapshotAttribute({ SnapshotId, Attribute: 'createVolumePermission' });
    expect(CreateVolumePermissions).toEqual([{ UserId: '210987654321' }]);
  },

  'ec2:ModifySnapshotAttribute': async ({ to: { ec2 } }) => {
    const SnapshotId = await snapshotOf(ec2, true);
    expect(await codeOf(ec2.modifySnapshotAttribute({ SnapshotId, CreateVolumePermission: { Add: [{ UserId: '210987654321' }] } }))).toBe('OperationNotPermitted');
  },

  'ec2:DeleteSnapshot': async ({ cloud, to: { ec2 } }) => {
    const ImageId = await image(ec2);
    const [{ SnapshotId }] = (await ec2.describeSnapshots({ OwnerIds: ['self'] })).Snapshots!;
    expect(await codeOf(ec2.deleteSnapshot({ SnapshotId }))).toBe('InvalidSnapshot.InUse');
    await ec2.deregisterImage({ ImageId });
    await ec2.deleteSnapshot({ SnapshotId });
    expect((await cloud.resources()).snapshots).toEqual([]);
  },
};

async function one(ec2: EC2, id: string) {
  return (await ec2.describeImages({ ImageIds: [id] })).Images![0];
}

/** A snapshot of the disk of an instance that is gone. */
async function snapshotOf(ec2: EC2, isEncrypted = false): Promise<string> {
  const id = await running(ec2, { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { Encrypted: isEncrypted } }] });
  const { VolumeId } = (await ec2.describeVolumes({ Filters: [{ Name: 'attachment.instance-id', Values: [id] }] })).Volumes![0];
  const { SnapshotId } = await ec2.createSnapshot({ VolumeId });
  await until(async () => (await ec2.describeSnapshots({ SnapshotIds: [SnapshotId!] })).Snapshots![0].State === 'completed');
  await ec2.terminateInstances({ InstanceIds: [id] });
  await reach(ec2, id, 'terminated');
  return SnapshotId!;
}
