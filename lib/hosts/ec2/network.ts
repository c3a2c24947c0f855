import { DescribeSecurityGroupsCommand, DescribeSubnetsCommand, DescribeVpcsCommand, type Filter, type Subnet } from '@aws-sdk/client-ec2';
import type { Caller } from './aws-request';
import { GoldenError } from '../../errors';
import type { NetworkSpec } from '../../plan/builder';
import type { Plan } from '../../plan/model';
import type { HostContext } from '../../ports/host';

/** Where a machine may stand. */
export interface Network {
  readonly vpc: string;
  /** The preferred one first. */
  readonly subnets: readonly MachineSubnet[];
  /** Those that the plan names; absent: ours. */
  readonly securityGroups?: readonly string[];
}

export interface MachineSubnet {
  readonly id: string;
  readonly availabilityZone: string;
}

interface Named {
  readonly [name: string]: readonly string[];
}

/**
 * Finds the subnets and security groups that a plan wants.
 * Errors: `no-default-vpc`, `no-subnet`, `subnets-of-several-vpcs`, `no-security-group`.
 */
export async function findNetwork(ec2: Caller, region: string, plan: Plan, context: HostContext): Promise<Network> {
  const { network } = plan.builder;
  const read = (values: NetworkSpec['subnets']) => Promise.all((values ?? []).map((value) => context.late(value)));
  const [vpc, wanted, groups] = await Promise.all([network.vpc && context.late(network.vpc), read(network.subnets), read(network.securityGroups)]);
  const subnets = await findSubnets(ec2, region, plan, vpc, wanted);
  const places = subnets.map(({ SubnetId, AvailabilityZone }) => ({ id: SubnetId!, availabilityZone: AvailabilityZone! }));
  const found = { vpc: subnets[0].VpcId!, subnets: places };
  if (groups.length > 0) { return { ...found, securityGroups: groups }; }
  if (!network.securityGroupFilters) { return found; }
  return { ...found, securityGroups: await findGroups(ec2, plan, found.vpc, network.securityGroupFilters) };
}

async function findSubnets(ec2: Caller, region: string, plan: Plan, vpc: string | undefined, wanted: readonly string[]): Promise<readonly Subnet[]> {
  const { network, placement } = plan.builder;
  const zone = placement?.availabilityZone;
  if (wanted.length > 0) {
    const found = await subnetsWith(ec2, [{ Name: 'subnet-id', Values: [...wanted] }]);
    const missing = wanted.filter((id) => !found.some(({ SubnetId }) => SubnetId === id));
    if (missing.length > 0) { throw noSubnet(plan, `There is no subnet ${missing.join(', ')} in ${region}`); }
    return requireOneVpc(plan, inZone(plan, wanted.map((id) => found.find(({ SubnetId }) => SubnetId === id)!), zone));
  }
  const filters = [...filtersOf(network.subnetFilters ?? {}), ...zone ? [{ Name: 'availability-zone', Values: [zone] }] : []];
  // With filters of its own, a plan need not say the VPC: those may.
  const anywhere = network.subnetFilters !== undefined && vpc === undefined;
  const vpcId = anywhere ? undefined : vpc ?? await defaultVpc(ec2, region, plan);
  const found = await subnetsWith(ec2, [...filters, ...vpcId ? [{ Name: 'vpc-id', Values: [vpcId] }] : []]);
  const usable = [...found].filter(({ AvailableIpAddressCount }) => AvailableIpAddressCount !== 0);
  if (usable.length === 0) {
    const all = [...vpcId ? [{ Name: 'vpc-id', Values: [vpcId] }] : [], ...filters];
    throw noSubnet(plan, `No subnet in ${region} with a free address matches: ${shown(all)}`);
  }
  usable.sort((a, b) => (b.AvailableIpAddressCount ?? 0) - (a.AvailableIpAddressCount ?? 0) || (a.SubnetId! < b.SubnetId! ? -1 : 1));
  // The others of the same VPC are for when the first has no capacity.
  return usable.filter(({ VpcId }) => VpcId === usable[0].VpcId);
}

function inZone(plan: Plan, subnets: readonly Subnet[], zone: string | undefined): readonly Subnet[] {
  const found = zone === undefined ? subnets : subnets.filter(({ AvailabilityZone }) => AvailabilityZone === zone);
  if (found.length === 0) { throw noSubnet(plan, `None of its subnets is in ${zone}`); }
  return found;
}

function requireOneVpc(plan: Plan, subnets: readonly Subnet[]): readonly Subnet[] {
  const vpcs = [...new Set(subnets.map(({ VpcId }) => VpcId))];
  if (vpcs.length === 1) { return subnets; }
  throw new GoldenError('subnets-of-several-vpcs', `Its subnets are of several VPCs: ${vpcs.join(', ')}`, {
    kind: 'invalid', path: plan.image, hint: 'Security groups are of one VPC: name subnets of one.',
  });
}

async function subnetsWith(ec2: Caller, Filters: Filter[]): Promise<readonly Subnet[]> {
  const { Subnets = [] } = await ec2.send(new DescribeSubnetsCommand({ Filters: [...Filters, { Name: 'state', Values: ['available'] }] }));
  return Subnets;
}

async function defaultVpc(ec2: Caller, region: string, plan: Plan): Promise<string> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'is-default', Values: ['true'] }] }));
  const id = Vpcs[0]?.VpcId;
  if (id) { return id; }
  throw new GoldenError('no-default-vpc', `The account has no default VPC in ${region}, and the image names no other`, {
    path: plan.image, hint: 'Give the image a vpc or subnets. A private subnet will do, with endpoints for ssm, ssmmessages and ec2messages.',
  });
}

async function findGroups(ec2: Caller, plan: Plan, vpc: string, wanted: Named): Promise<readonly string[]> {
  const filters = filtersOf(wanted);
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [...filters, { Name: 'vpc-id', Values: [vpc] }] }));
  if (SecurityGroups.length > 0) { return SecurityGroups.map(({ GroupId }) => GroupId!).sort(); }
  throw new GoldenError('no-security-group', `No security group of ${vpc} matches: ${shown(filters)}`, {
    path: plan.image, hint: 'Change the filters, or leave them out: then the image gets a group of its own.',
  });
}

function filtersOf(named: Named): { readonly Name: string; readonly Values: string[] }[] {
  return Object.entries(named).map(([Name, values]) => ({ Name, Values: [...values] }));
}

function shown(filters: readonly { readonly Name: string; readonly Values: readonly string[] }[]): string {
  return filters.map(({ Name, Values }) => `${Name} = ${Values.join(' | ')}`).join('; ');
}

function noSubnet(plan: Plan, message: string): GoldenError {
  return new GoldenError('no-subnet', message, { path: plan.image, hint: 'Name subnets that are there, or other filters.' });
}
