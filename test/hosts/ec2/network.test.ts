import {
  AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, CreateSubnetCommand, CreateTagsCommand, CreateVpcCommand,
  DescribeInstancesCommand, DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeVpcsCommand, type Subnet,
} from '@aws-sdk/client-ec2';
import { ec2Plan, nothingIsLeft, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { privateCaller, publicCaller } from '../../../lib/hosts/ec2/caller-address';
import { findNetwork } from '../../../lib/hosts/ec2/network';
import { networkAgents } from '../../../lib/hosts/ec2/network-agents';
import { resolveSource } from '../../../lib/hosts/ec2/source-resolution';
import type { NetworkSpec, SshCommunicatorSpec } from '../../../lib/plan/builder';
import type { LateValue } from '../../../lib/plan/values';
import type { LaunchRequirements } from '../../../lib/ports/launch-requirements';

let ec2: Ec2Fixture;
let subnets: readonly Subnet[];
beforeAll(async () => {
  ec2 = await startEc2();
  ec2.imageId = (await resolveSource(ec2.cloud, REGION, ec2Plan(), ec2.context)).id;
});
afterAll(() => ec2?.stop());
beforeEach(async () => {
  await ec2.reset();
  ({ Subnets: subnets = [] } = await client().send(new DescribeSubnetsCommand({})));
});

const ssh: LaunchRequirements = { authorizedKey: 'ssh-ed25519 AAAA caller', hostKey: { privateKey: 'PRIVATE', publicKey: 'PUBLIC' }, inboundPort: 22 };
const client = () => ec2.cloud.clients.ec2(REGION);
const times = (name: string) => ec2.aws.calls.filter(({ service, action }) => service === 'ec2' && action === name).length;
const literal = (value: string): LateValue => ({ type: 'literal', value });
const find = (network: NetworkSpec, builder = {}) => findNetwork(client(), REGION, ec2Plan({ builder: { network, ...builder } }), ec2.context);

async function described(id: string) {
  const { Reservations = [] } = await client().send(new DescribeInstancesCommand({ InstanceIds: [id] }));
  return Reservations[0].Instances![0];
}

async function makeGroup(name: string): Promise<string> {
  const { GroupId } = await client().send(new CreateSecurityGroupCommand({ GroupName: name, Description: 'd', VpcId: subnets[0].VpcId }));
  return GroupId!;
}

describe('subnets', () => {
  test('that filters find are used, and no others', async () => {
    const [, wanted] = subnets;
    await client().send(new CreateTagsCommand({ Resources: [wanted.SubnetId!], Tags: [{ Key: 'role', Value: 'build' }] }));
    expect(await find({ subnetFilters: { 'tag:role': ['build'] } })).toEqual({
      vpc: wanted.VpcId, subnets: [{ id: wanted.SubnetId, availabilityZone: wanted.AvailabilityZone }],
    });
    const machine = await ec2.launch(ec2Plan({ builder: { network: { subnetFilters: { 'tag:role': ['build'] } } } }));
    expect((await described(machine.id)).SubnetId).toBe(wanted.SubnetId);
  });

  test('that filters do not find are an error that shows them', async () => {
    await expect(find({ subnetFilters: { 'tag:role': ['build', 'test'] } })).rejects.toMatchObject({
      code: 'no-subnet', message: 'No subnet in us-east-2 with a free address matches: tag:role = build | test',
    });
  });

  test('with the most free addresses come first', async () => {
    const { Vpc } = await client().send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    const make = async (CidrBlock: string) => {
      const { Subnet: made } = await client().send(new CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock, AvailabilityZone: 'us-east-2a' }));
      return made!.SubnetId!;
    };
    const small = await make('10.9.0.0/28');
    const big = await make('10.9.16.0/20');
    const found = await find({ vpc: literal(Vpc!.VpcId!) });
    expect(found.subnets.map(({ id }) => id)).toEqual([big, small]);
  });

  test('that are named are tried in their order, and have to be of one VPC, and in the zone that is wanted', async () => {
    const [first, second] = subnets;
    const named = { subnets: [literal(second.SubnetId!), literal(first.SubnetId!)] };
    expect((await find(named)).subnets.map(({ id }) => id)).toEqual([second.SubnetId, first.SubnetId]);
    expect((await find(named, { placement: { availabilityZone: first.AvailabilityZone } })).subnets.map(({ id }) => id)).toEqual([first.SubnetId]);
    await expect(find(named, { placement: { availabilityZone: 'us-east-2z' } })).rejects.toMatchObject({ code: 'no-subnet', message: 'None of its subnets is in us-east-2z' });
    const { Vpc } = await client().send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16' }));
    const { Subnet: foreign } = await client().send(new CreateSubnetCommand({ VpcId: Vpc!.VpcId, CidrBlock: '10.9.0.0/24' }));
    await expect(find({ subnets: [...named.subnets, literal(foreign!.SubnetId!)] })).rejects.toMatchObject({ code: 'subnets-of-several-vpcs', kind: 'invalid' });
    await expect(find({ subnets: [literal('subnet-00000000')] })).rejects.toMatchObject({ code: 'no-subnet', message: 'There is no subnet subnet-00000000 in us-east-2' });
  });

  test('and groups that other stacks tell of are read when the image is built', async () => {
    const [, wanted] = subnets;
    const group = await makeGroup('theirs');
    const known: { readonly [name: string]: string } = { 'SubnetId': wanted.SubnetId!, '/network/group': group };
    const late = async (value: LateValue) => known[value.type === 'stackOutput' ? value.output : value.type === 'ssm' ? value.name : ''];
    const network: NetworkSpec = {
      subnets: [{ type: 'stackOutput', stack: 'Network', output: 'SubnetId' }], securityGroups: [{ type: 'ssm', name: '/network/group' }],
    };
    const machine = await ec2.launch(ec2Plan({ builder: { network } }), { managed: true }, { late });
    expect(await described(machine.id)).toMatchObject({ SubnetId: wanted.SubnetId, SecurityGroups: [{ GroupId: group }] });
  });

  test('without a default VPC the error says what to give', async () => {
    const withoutDefault = {
      send: (command: DescribeSubnetsCommand) => (
        command as object instanceof DescribeVpcsCommand ? Promise.resolve({ Vpcs: [] }) : client().send(command)
      ),
    } as unknown as ReturnType<typeof client>;
    await expect(findNetwork(withoutDefault, REGION, ec2Plan(), ec2.context)).rejects.toMatchObject({
      code: 'no-default-vpc', message: 'The account has no default VPC in us-east-2, and the image names no other', hint: expect.stringContaining('endpoints for ssm'),
    });
  });
});

describe('security groups', () => {
  test('that filters find are all used, and stay', async () => {
    const ids = [await makeGroup('build-one'), await makeGroup('build-two')].sort();
    const machine = await ec2.launch(ec2Plan({ builder: { network: { securityGroupFilters: { 'group-name': ['build-*'] } } } }), ssh);
    expect((await described(machine.id)).SecurityGroups!.map(({ GroupId }) => GroupId).sort()).toEqual(ids);
    await machine.destroy();
    expect((await ec2.aws.resources()).securityGroups.map(({ id }) => id).sort()).toEqual(ids);
  });

  test('that filters do not find are an error that shows them', async () => {
    await expect(find({ securityGroupFilters: { 'group-name': ['none'] } })).rejects.toMatchObject({
      code: 'no-security-group', message: `No security group of ${subnets[0].VpcId} matches: group-name = none`,
    });
  });
});

describe('who may connect', () => {
  async function rangesOf(communicator: Partial<SshCommunicatorSpec>, requirements: LaunchRequirements): Promise<readonly string[]> {
    const { id } = await ec2.launch(ec2Plan({ builder: { communicator: { type: 'ssh', port: 22, via: 'public-address', ...communicator } } }), requirements);
    const [{ GroupId }] = (await described(id)).SecurityGroups!;
    const { SecurityGroups } = await client().send(new DescribeSecurityGroupsCommand({ GroupIds: [GroupId!] }));
    return SecurityGroups![0].IpPermissions!.flatMap(({ FromPort, ToPort, IpRanges = [] }) => IpRanges.map(({ CidrIp }) => `${FromPort}-${ToPort} ${CidrIp}`));
  }

  test('is the VPC where a bastion of it leads on', async () => {
    const bastion = { host: 'bastion.example.org', port: 22, user: 'jump', hostKey: 'ssh-ed25519 AAAA' };
    const { Vpcs } = await client().send(new DescribeVpcsCommand({}));
    const ranges = await rangesOf({ port: 2222, via: 'private-address', bastion }, { ...ssh, inboundPort: 2222, address: 'private' });
    expect(new Set(ranges)).toEqual(new Set([`2222-2222 ${Vpcs![0].CidrBlock}`]));
  });

  test('is this computer, as it was said to be seen, where private addresses are reached from here', async () => {
    expect(await rangesOf({ via: 'private-address' }, { ...ssh, address: 'private' })).toEqual(['22-22 198.51.100.7/32']);
  });

  test('is told by the routes of this computer where nobody says it', async () => {
    expect(await privateCaller(['127.0.0.0/8'])).toBe('127.0.0.1/32');
    expect(await privateCaller(['10.0.0.0/8'], '10.1.0.0/16')).toBe('10.1.0.0/16');
    await expect(privateCaller([])).rejects.toMatchObject({ code: 'unknown-address', hint: expect.stringContaining('GOLDEN_CALLER_ADDRESS') });
  });

  test('may be given as an address of either family, and is refused as anything else', async () => {
    expect(await publicCaller(networkAgents(), '2001:db8::7')).toBe('2001:db8::7/128');
    await expect(publicCaller(networkAgents(), 'home')).rejects.toMatchObject({ code: 'unknown-address', message: expect.stringContaining('home is no address') });
  });
});

describe('where a machine may stand', () => {
  test('subnets that are not there are an error that shows what was looked for', async () => {
    const plan = ec2Plan({ builder: { network: { vpc: { type: 'literal', value: 'vpc-00000000' } } } });
    await expect(ec2.launch(plan)).rejects.toMatchObject({ code: 'no-subnet', message: 'No subnet in us-east-2 with a free address matches: vpc-id = vpc-00000000' });
  });

  test('somebody who opens the group that has to have no inbound rules is told', async () => {
    const { Vpcs } = await client().send(new DescribeVpcsCommand({}));
    const { GroupId } = await client().send(new CreateSecurityGroupCommand({ GroupName: 'golden-no-inbound', Description: 'd', VpcId: Vpcs![0].VpcId }));
    await client().send(new AuthorizeSecurityGroupIngressCommand({
      GroupId, IpPermissions: [{ IpProtocol: 'tcp', FromPort: 22, ToPort: 22, IpRanges: [{ CidrIp: '0.0.0.0/0' }] }],
    }));
    await expect(ec2.launch(ec2Plan())).rejects.toMatchObject({ code: 'open-group', message: expect.stringContaining(GroupId!) });
  });

  test('what is too big for user-data says so before anything is launched', async () => {
    const userData = `#!/bin/sh\n${Array.from({ length: 3000 }, (_, index) => `echo ${index ** 3} ${index ** 5}`).join('\n')}`;
    const machine = { architecture: 'x86_64', osFamily: 'debian', userData } as const;
    await expect(ec2.launch(ec2Plan({ definition: { machine } }), ssh)).rejects.toMatchObject({ code: 'user-data-too-big', kind: 'invalid' });
    expect(times('RunInstances')).toBe(0);
    await nothingIsLeft(ec2);
  });
});
