import { codeOf, type Cases } from './case';
import { debian, describe1, launch, reach, running } from '../cloud-clients';
import { until } from '../until';

export const INSTANCE_CASES: Cases = {
  'ec2:RunInstances': async ({ cloud, to: { ec2 } }) => {
    const ImageId = await debian(ec2);
    const request = {
      ImageId,
      InstanceType: 't3.micro' as const,
      MinCount: 1,
      MaxCount: 1,
      ClientToken: 'token',
      UserData: Buffer.from('#cloud-config\n').toString('base64'),
      MetadataOptions: { HttpTokens: 'required' as const },
      InstanceInitiatedShutdownBehavior: 'terminate' as const,
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { VolumeSize: 20, VolumeType: 'gp3' as const, Throughput: 500, Encrypted: true } }],
      TagSpecifications: (['instance', 'volume', 'network-interface'] as const).map((ResourceType) => ({ ResourceType, Tags: [{ Key: 'of', Value: ResourceType }] })),
    };
    const [first, second] = await Promise.all([ec2.runInstances(request), ec2.runInstances(request)]);
    expect(second.Instances![0].InstanceId).toBe(first.Instances![0].InstanceId);
    expect(await codeOf(ec2.runInstances({ ...request, InstanceType: 't3.small' }))).toBe('IdempotentParameterMismatch');
    expect(first.Instances![0]).toMatchObject({ State: { Name: 'pending' }, MetadataOptions: { HttpTokens: 'required' }, Tags: [{ Key: 'of', Value: 'instance' }] });
    const { Volumes } = await ec2.describeVolumes({ Filters: [{ Name: 'tag:of', Values: ['volume'] }] });
    expect(Volumes).toMatchObject([{ Size: 20, VolumeType: 'gp3', Throughput: 500, Encrypted: true, State: 'in-use' }]);

    const refused = (change: object) => codeOf(ec2.runInstances({ ...request, ClientToken: undefined, ...change }));
    expect(await refused({ ImageId: 'ami-00000000000000000' })).toBe('InvalidAMIID.NotFound');
    expect(await refused({ ImageId: 'nonsense' })).toBe('InvalidAMIID.Malformed');
    expect(await refused({ InstanceType: 't9.huge' })).toBe('InvalidParameterValue');
    expect(await refused({ InstanceType: 't4g.micro' })).toBe('InvalidParameterValue');
    expect(await refused({ SubnetId: 'subnet-00000000' })).toBe('InvalidSubnetID.NotFound');
    expect(await refused({ SecurityGroupIds: ['sg-00000000'] })).toBe('InvalidGroup.NotFound');
    expect(await refused({ KeyName: 'none' })).toBe('InvalidKeyPair.NotFound');
    expect(await refused({ IamInstanceProfile: { Name: 'none' } })).toBe('InvalidParameterValue');
    expect(await refused({ UserData: Buffer.alloc(16_385).toString('base64') })).toBe('InvalidParameterValue');
    expect(await refused({ DryRun: true })).toBe('DryRunOperation');
    expect(await refused({ LaunchTemplate: { LaunchTemplateName: 'x' } })).toBe('UnknownParameter');
    cloud.settings.noCapacity = [{ instanceType: 't3.micro', market: 'spot' }];
    expect(await refused({ InstanceMarketOptions: { MarketType: 'spot' } })).toBe('InsufficientInstanceCapacity');
    expect((await launch(ec2)).State!.Name).toBe('pending');
  },

  'ec2:DescribeInstances': async ({ cloud, to: { ec2 } }) => {
    const ids: string[] = [];
    for (let i = 0; i < 6; i++) {
      ids.push(await running(ec2, { TagSpecifications: [{ ResourceType: 'instance', Tags: [{ Key: 'golden:build', Value: `b${i}` }] }] }));
    }
    const page = await ec2.describeInstances({ MaxResults: 5 });
    const rest = await ec2.describeInstances({ MaxResults: 5, NextToken: page.NextToken });
    expect([...page.Reservations!, ...rest.Reservations!].flatMap(({ Instances }) => Instances!.map(({ InstanceId }) => InstanceId))).toEqual(ids);
    const byTag = await ec2.describeInstances({ Filters: [{ Name: 'tag:golden:build', Values: ['b3', 'b?4'] }, { Name: 'instance-state-name', Values: ['run*'] }] });
    expect(byTag.Reservations!.map(({ Instances }) => Instances![0].InstanceId)).toEqual([ids[3]]);
    expect(await codeOf(ec2.describeInstances({ Filters: [{ Name: 'colour', Values: ['red'] }] }))).toBe('InvalidParameterValue');
    expect(await codeOf(ec2.describeInstances({ InstanceIds: ['i-00000000000000000'] }))).toBe('InvalidInstanceID.NotFound');
    cloud.settings.consistencyMs = 60_000;
    const fresh = await launch(ec2);
    expect(await codeOf(ec2.describeInstances({ InstanceIds: [fresh.InstanceId!] }))).toBe('InvalidInstanceID.NotFound');
    cloud.settings.consistencyMs = 0;
    expect((await describe1(ec2, fresh.InstanceId!)).InstanceId).toBe(fresh.InstanceId);
  },

  'ec2:DescribeInstanceStatus': async ({ to: { ec2 } }) => {
    const id = await running(ec2);
    expect((await ec2.describeInstanceStatus({ InstanceIds: [id] })).InstanceStatuses).toMatchObject([{ InstanceStatus: { Status: 'ok' } }]);
    await ec2.stopInstances({ InstanceIds: [id] });
    expect((await ec2.describeInstanceStatus({ InstanceIds: [id] })).InstanceStatuses ?? []).toEqual([]);
    const [all] = (await ec2.describeInstanceStatus({ InstanceIds: [id], IncludeAllInstances: true })).InstanceStatuses!;
    expect(all.InstanceStatus!.Status).toBe('not-applicable');
  },

  'ec2:StopInstances': async ({ to: { ec2 } }) => {
    const id = await running(ec2);
    const { StoppingInstances } = await ec2.stopInstances({ InstanceIds: [id] });
    expect(StoppingInstances).toMatchObject([{ PreviousState: { Name: 'running' }, CurrentState: { Name: 'stopping' } }]);
    await reach(ec2, id, 'stopped');
    const spot = await running(ec2, { InstanceMarketOptions: { MarketType: 'spot' } });
    expect(await codeOf(ec2.stopInstances({ InstanceIds: [spot] }))).toBe('UnsupportedOperation');
  },

  'ec2:StartInstances': async ({ cloud, to: { ec2 } }) => {
    // Longer than any caller takes until its next call.
    cloud.settings.durations.stopping = 2000;
    const id = await running(ec2);
    await ec2.stopInstances({ InstanceIds: [id] });
    expect(await codeOf(ec2.startInstances({ InstanceIds: [id] }))).toBe('IncorrectInstanceState');
    await reach(ec2, id, 'stopped');
    await ec2.startInstances({ InstanceIds: [id] });
    await reach(ec2, id, 'running');
  },

  'ec2:RebootInstances': async ({ cloud, to: { ec2 } }) => {
    const id = await running(ec2);
    await ec2.rebootInstances({ InstanceIds: [id] });
    expect((await describe1(ec2, id)).State!.Name).toBe('running');
    expect(cloud.world.region(cloud.region).instances.get(id)!.machine).toMatchObject({ log: ['reboot'] });
  },

  'ec2:TerminateInstances': async ({ cloud, to: { ec2 } }) => {
    const id = await running(ec2);
    await ec2.terminateInstances({ InstanceIds: [id] });
    await ec2.terminateInstances({ InstanceIds: [id] });
    await reach(ec2, id, 'terminated');
    expect((await describe1(ec2, id)).StateReason!.Code).toBe('Client.UserInitiatedShutdown');
    expect((await cloud.resources()).volumes).toEqual([]);
    const kept = await running(ec2, { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } }], DisableApiTermination: true });
    expect(await codeOf(ec2.terminateInstances({ InstanceIds: [kept] }))).toBe('OperationNotPermitted');
    await ec2.modifyInstanceAttribute({ InstanceId: kept, DisableApiTermination: { Value: false } });
    await ec2.terminateInstances({ InstanceIds: [kept] });
    await until(async () => (await ec2.describeVolumes({})).Volumes!.some(({ State }) => State === 'available'));
  },

  'ec2:ModifyInstanceAttribute': async ({ to: { ec2 } }) => {
    const id = await running(ec2);
    await ec2.modifyInstanceAttribute({ InstanceId: id, InstanceInitiatedShutdownBehavior: { Value: 'terminate' } });
    const { InstanceInitiatedShutdownBehavior: behavior } = await ec2.describeInstanceAttribute({ InstanceId: id, Attribute: 'instanceInitiatedShutdownBehavior' });
    expect(behavior!.Value).toBe('terminate');
    expect(await codeOf(ec2.modifyInstanceAttribute({ InstanceId: id, EnaSupport: { Value: true } }))).toBe('IncorrectInstanceState');
  },

  'ec2:ModifyInstanceMetadataOptions': async ({ to: { ec2 } }) => {
    const id = await running(ec2);
    await ec2.modifyInstanceMetadataOptions({ InstanceId: id, HttpTokens: 'required', HttpPutResponseHopLimit: 2 });
    expect((await describe1(ec2, id)).MetadataOptions).toMatchObject({ HttpTokens: 'required', HttpPutResponseHopLimit: 2 });
  },

  'ec2:DescribeInstanceAttribute': async ({ to: { ec2 } }) => {
    const id = await running(ec2, { UserData: Buffer.from('hello').toString('base64') });
    const { UserData } = await ec2.describeInstanceAttribute({ InstanceId: id, Attribute: 'userData' });
    expect(Buffer.from(UserData!.Value!, 'base64').toString()).toBe('hello');
  },

  'ec2:GetConsoleOutput': async ({ to: { ec2 } }) => {
    const { Output } = await ec2.getConsoleOutput({ InstanceId: await running(ec2) });
    expect(Buffer.from(Output!, 'base64').toString()).toBe('booted debian-12\n');
  },

  'ec2:DescribeVolumes': async ({ to: { ec2 } }) => {
    const id = await running(ec2);
    const { Volumes } = await ec2.describeVolumes({ Filters: [{ Name: 'attachment.instance-id', Values: [id] }] });
    expect(Volumes).toMatchObject([{ Size: 8, VolumeType: 'gp3', Iops: 3000, Throughput: 125, Encrypted: false, Attachments: [{ Device: '/dev/xvda' }] }]);
  },

  'ec2:DeleteVolume': async ({ to: { ec2 } }) => {
    const id = await running(ec2, { BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { DeleteOnTermination: false } }] });
    const { VolumeId } = (await ec2.describeVolumes({})).Volumes![0];
    expect(await codeOf(ec2.deleteVolume({ VolumeId }))).toBe('VolumeInUse');
    await ec2.terminateInstances({ InstanceIds: [id] });
    await reach(ec2, id, 'terminated');
    await ec2.deleteVolume({ VolumeId });
    expect(await codeOf(ec2.describeVolumes({ VolumeIds: [VolumeId!] }))).toBe('InvalidVolume.NotFound');
  },
};
