import { setTimeout as sleep } from 'timers/promises';
import { gunzipSync } from 'zlib';
import { DescribeInstancesCommand, DescribeSecurityGroupsCommand } from '@aws-sdk/client-ec2';
import { ec2Plan, nothingIsLeft, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { resolveSource } from '../../../lib/hosts/ec2/source-resolution';
import type { LaunchRequirements } from '../../../lib/ports/launch-requirements';
import type { MemoryMachine, MemoryMachines } from '../../support/cloud/machines/memory-machines';

let ec2: Ec2Fixture;
beforeAll(async () => {
  ec2 = await startEc2();
  ec2.imageId = (await resolveSource(ec2.cloud, REGION, ec2Plan(), ec2.context)).id;
});
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const ssh: LaunchRequirements = { authorizedKey: 'ssh-ed25519 AAAA caller', hostKey: { privateKey: 'PRIVATE', publicKey: 'PUBLIC' }, inboundPort: 22 };
const managed: LaunchRequirements = { managed: true };
const client = () => ec2.cloud.clients.ec2(REGION);
const actions = () => ec2.aws.calls.filter(({ service }) => service === 'ec2').map(({ action }) => action);
const times = (action: string) => actions().filter((name) => name === action).length;

async function described(id: string) {
  const { Reservations = [] } = await client().send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations[0].Instances![0];
}

/** The user-data that a machine was started with, as its parts. */
function userDataOf(id: string): string {
  const { request } = (ec2.aws.machines as MemoryMachines).machines.get(id) as MemoryMachine;
  const text = gunzipSync(Buffer.from(request.userData!)).toString();
  return text.split('\n\n').map((block) => (/^[A-Za-z0-9+/=\n]+$/.test(block.split('\n--')[0]) ? Buffer.from(block.split('\n--')[0], 'base64').toString() : block)).join('\n');
}

describe('what is launched', () => {
  test('a machine for ssm: no key, no way in, IMDSv2 only, encrypted, ended by its own shutdown, and tagged', async () => {
    const machine = await ec2.launch(ec2Plan({ builder: { tags: { team: 'web' } } }));
    const instance = await described(machine.id);
    expect(instance).toMatchObject({
      State: { Name: 'running' },
      InstanceType: 't3.small',
      ImageId: ec2.imageId,
      MetadataOptions: { HttpTokens: 'required', HttpPutResponseHopLimit: 1 },
      IamInstanceProfile: { Arn: expect.stringMatching(/:instance-profile\/golden-builder$/) },
      SecurityGroups: [{ GroupName: 'golden-no-inbound' }],
    });
    expect(instance.KeyName).toBeUndefined();
    const tags = Object.fromEntries(instance.Tags!.map(({ Key, Value }) => [Key, Value]));
    expect(tags).toMatchObject({ 'team': 'web', 'golden:managed': 'true', 'golden:build': 'b1', 'golden:image': 'Stack/Web' });
    expect(Date.parse(tags['golden:lease']!) - Date.now()).toBeGreaterThan(25 * 60_000);

    const { volumes, securityGroups } = await ec2.aws.resources();
    expect(volumes.map(({ tags: ofVolume }) => ofVolume['golden:build'])).toEqual(['b1']);
    expect(securityGroups.map(({ name }) => name)).toEqual(['golden-no-inbound']);
    const { SecurityGroups } = await client().send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-name', Values: ['golden-no-inbound'] }] }));
    expect(SecurityGroups![0].IpPermissions).toEqual([]);
    expect(machine.access).toMatchObject({ user: 'admin', instanceId: machine.id });
    await machine.destroy();
    await nothingIsLeft(ec2);
  });

  test('a machine for ssh: a group of its own for this computer only, which goes with it', async () => {
    const machine = await ec2.launch(ec2Plan({ builder: { communicator: { type: 'ssh', port: 22, via: 'public-address' } } }), ssh);
    const { SecurityGroups: [group] } = await described(machine.id) as { SecurityGroups: { GroupId: string }[] };
    const { SecurityGroups } = await client().send(new DescribeSecurityGroupsCommand({ GroupIds: [group.GroupId] }));
    expect(SecurityGroups![0].IpPermissions).toMatchObject([{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '198.51.100.7/32' }] }]);
    expect(ec2.intents).toEqual(['ec2-security-group', 'ec2-launch']);
    expect((await described(machine.id)).IamInstanceProfile).toBeUndefined();

    await machine.stop(60_000);
    await machine.destroy();
    await nothingIsLeft(ec2);
  });

  test('the group of a machine that is stopped goes meanwhile, and nobody waits for it', async () => {
    const machine = await ec2.launch(ec2Plan(), ssh);
    await machine.stop(60_000);
    for (const end = Date.now() + 20_000; (await groups()).length > 1 && Date.now() < end;) { await sleep(50); }
    expect(await groups()).toEqual(['golden-no-inbound']);
    await machine.destroy();
  });

  const groups = async () => (await ec2.aws.resources()).securityGroups.map(({ name }) => name);

  test('a machine that is destroyed while it runs leaves no group either', async () => {
    const machine = await ec2.launch(ec2Plan(), ssh);
    await machine.destroy();
    await nothingIsLeft(ec2);
  });

  test('user-data lets the caller in, pins the host key, starts the lease and does what the plan asks', async () => {
    const machine = { architecture: 'x86_64', osFamily: 'debian', userData: '#!/bin/sh\necho own\n' } as const;
    const { id } = await ec2.launch(ec2Plan({ definition: { machine } }), ssh);
    const text = userDataOf(id);
    expect(text).toContain('"ssh_keys":{"ed25519_private":"PRIVATE","ed25519_public":"PUBLIC"}');
    expect(text).toContain('"ssh_authorized_keys":["ssh-ed25519 AAAA caller"]');
    expect(text).toContain('touch /run/golden-lease');
    expect(text).toContain('echo own');
    expect(text).not.toContain('amazon-ssm-agent');
  });

  test('a source without the agent gets it where it is reached by it', async () => {
    const { id } = await ec2.launch(ec2Plan());
    expect(userDataOf(id)).toContain('https://s3.us-east-2.amazonaws.com/amazon-ssm-us-east-2/latest/debian_amd64/amazon-ssm-agent.deb');
  });

  test('an image that is to have the agent gets it over SSH, too; a machine that is reached by it takes it away again', async () => {
    const plan = (ssmAgent?: true) => ec2Plan({ definition: { machine: { ...ec2Plan().definition.machine, ssmAgent } } });
    const [kept, passing, none] = [await ec2.launch(plan(true), ssh), await ec2.launch(plan()), await ec2.launch(plan(), ssh)];
    const mark = '/var/lib/golden-ssm-agent';
    expect([kept, passing, none].map(({ id }) => [userDataOf(id).includes('amazon-ssm-agent.deb'), userDataOf(id).includes(mark)])).toEqual([
      [true, false], [true, true], [false, false],
    ]);
    expect([kept, passing, none].map(({ leave }) => leave?.includes(mark))).toEqual([undefined, true, undefined]);
  });

  test('volumes are as the plan wants them, encrypted with its key', async () => {
    const machine = {
      architecture: 'x86_64',
      osFamily: 'debian',
      rootVolumeSizeMiB: 20_480,
      rootVolume: { type: 'gp3', iops: 6000, throughput: 500 },
      volumes: [{ deviceName: '/dev/sdf', type: 'gp2', sizeGiB: 3, deleteOnTermination: false }],
    } as const;
    const { id } = await ec2.launch(ec2Plan({
      definition: { machine }, delivery: { encryption: { encrypted: true, key: { type: 'literal', value: 'alias/aws/ebs' } } },
    }));
    const { BlockDeviceMappings = [] } = await described(id);
    expect(BlockDeviceMappings.map(({ DeviceName, Ebs }) => [DeviceName, Ebs?.DeleteOnTermination])).toContainEqual(['/dev/sdf', true]);
    const volumes = [...ec2.aws.world.region(REGION).volumes.values()];
    expect(volumes).toHaveLength(2);
    expect(volumes.map(({ size, encrypted }) => ({ size, encrypted })).sort((a, b) => a.size - b.size))
      .toEqual([{ size: 3, encrypted: true }, { size: 20, encrypted: true }]);
  });
});

test('what a launch needs is prepared at the same time: a key that is known late keeps nobody waiting', async () => {
  const others = ['GetInstanceProfile', 'DescribeImages', 'DescribeVpcs'];
  const asked = () => others.filter((name) => ec2.aws.calls.some(({ action }) => action === name));
  ec2.aws.calls.length = 0;
  const late = async () => {
    while (asked().length < others.length) { await new Promise((resolve) => { setTimeout(resolve, 10); }); }
    return 'alias/late';
  };
  const plan = ec2Plan({ delivery: { encryption: { encrypted: true, key: { type: 'literal', value: 'read late' } } } });
  await ec2.launch(plan, managed, { late });
  expect(asked()).toEqual(others);
});

describe('what is not there at once', () => {
  test('profile, group and image that are not known everywhere are waited for', async () => {
    ec2.aws.settings.profileMs = 1_500;
    ec2.aws.settings.consistencyMs = 700;
    const machine = await ec2.launch(ec2Plan());
    expect(times('RunInstances')).toBeGreaterThan(1);
    expect((await ec2.aws.resources()).instances.map(({ id }) => id)).toEqual([machine.id]);
  });

  test('the managed profile and group are made once', async () => {
    await ec2.launch(ec2Plan());
    await ec2.launch(ec2Plan(), managed, { buildId: 'b2' });
    const { roles, instanceProfiles, securityGroups } = await ec2.aws.resources();
    expect([roles, instanceProfiles, securityGroups].map((all) => all.map(({ name, id }) => name ?? id))).toEqual([['golden-builder'], ['golden-builder'], ['golden-no-inbound']]);
    expect(times('CreateSecurityGroup')).toBe(1);
  });

  test('ten builds at once make them once, too', async () => {
    const machines = await Promise.all(Array.from({ length: 10 }, (_, index) => ec2.launch(ec2Plan(), managed, { buildId: `b${index}` })));
    const { instances, instanceProfiles, securityGroups } = await ec2.aws.resources();
    expect([instances.length, instanceProfiles.length, securityGroups.length]).toEqual([10, 1, 1]);
    await Promise.all(machines.map((machine) => machine.destroy()));
    await nothingIsLeft(ec2);
  });
});

describe('where there is no capacity', () => {
  test('the next type, and then the next subnet, is tried', async () => {
    ec2.aws.settings.noCapacity = [{ instanceType: 't3.small' }];
    const machine = await ec2.launch(ec2Plan({ builder: { instanceTypes: ['t3.small', 't3a.small'] } }));
    expect((await described(machine.id)).InstanceType).toBe('t3a.small');
    expect(ec2.events).toContainEqual({ type: 'notice', level: 'warning', message: expect.stringContaining('No capacity for t3.small, in subnet-') });
  });

  test('a subnet without capacity is left for another', async () => {
    ec2.aws.faults.inject({ action: 'RunInstances', kind: 'capacity' });
    const machine = await ec2.launch(ec2Plan());
    expect(times('RunInstances')).toBe(2);
    expect(machine.description).toContain('t3.small');
  });

  test('spot falls back to on-demand', async () => {
    ec2.aws.settings.noCapacity = [{ market: 'spot' }];
    const machine = await ec2.launch(ec2Plan({ builder: { spot: { maxPrice: '0.05' } } }));
    expect(machine.spot).toBe(false);
    expect((await described(machine.id)).InstanceLifecycle).toBeUndefined();
  });

  test('spot is used where there is any, and is not stopped but left to CreateImage', async () => {
    const machine = await ec2.launch(ec2Plan({ builder: { spot: {} } }));
    expect(machine.spot).toBe(true);
    expect((await described(machine.id)).InstanceLifecycle).toBe('spot');
    await machine.stop(60_000);
    expect((await described(machine.id)).State?.Name).toBe('running');
  });

  test('where there is none at all, the error says what was tried, and nothing is left', async () => {
    ec2.aws.settings.noCapacity = [{}];
    await expect(ec2.launch(ec2Plan({ builder: { instanceTypes: ['t3.small', 'm5.large'] } }), ssh)).rejects.toMatchObject({
      code: 'no-capacity', message: expect.stringMatching(/t3\.small, in subnet-[^]*m5\.large, in subnet-/), hint: expect.stringContaining('instance types'),
    });
    await nothingIsLeft(ec2);
  });

  test('an instance that ends while it is pending is no machine, and nothing is left', async () => {
    ec2.aws.faults.inject({ action: 'RunInstances', kind: 'async-failure' });
    await expect(ec2.launch(ec2Plan(), ssh)).rejects.toMatchObject({ code: expect.stringMatching(/launch-failed|no-capacity/) });
    await nothingIsLeft(ec2);
  });
});

describe('a machine', () => {
  test('that goes by itself is lost, with the reason', async () => {
    const machine = await ec2.launch(ec2Plan());
    ((ec2.aws.machines as MemoryMachines).machines.get(machine.id) as MemoryMachine).go('poweroff');
    expect(await machine.lost).toMatch(new RegExp(`^the instance ${machine.id} ended: (shutting-down|terminated), .*[Ii]nitiated`));
    await expect(machine.restarted(5_000)).rejects.toMatchObject({ code: 'machine-lost' });
    await machine.destroy();
  });

  test('that is stopped or destroyed is not lost', async () => {
    const machine = await ec2.launch(ec2Plan());
    const lost = jest.fn();
    void machine.lost.then(lost);
    await machine.stop(60_000);
    expect((await described(machine.id)).State?.Name).toBe('stopped');
    await machine.destroy();
    await machine.destroy();
    await new Promise((resolve) => setImmediate(resolve));
    expect(lost).not.toHaveBeenCalled();
  });

  test('an interruption while it is launched leaves nothing', async () => {
    const controller = new AbortController();
    ec2.aws.settings.durations.pending = 60_000;
    const launch = ec2.launch(ec2Plan(), ssh, { signal: controller.signal });
    const started = () => times('RunInstances') > 0;
    while (!started()) { await new Promise((resolve) => setTimeout(resolve, 10)); }
    controller.abort();
    await expect(launch).rejects.toMatchObject({ kind: 'interrupted' });
    await nothingIsLeft(ec2);
  });
});
