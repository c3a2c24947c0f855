import {
  AuthorizeSecurityGroupIngressCommand, CreateSecurityGroupCommand, DeleteSecurityGroupCommand, DescribeSecurityGroupsCommand, DescribeVpcsCommand,
  type SecurityGroup,
} from '@aws-sdk/client-ec2';
import { awsCode } from './aws-errors';
import type { Caller } from './aws-request';
import { awsTags, TAGS, type TagMap } from './tags';
import { GoldenError } from '../../errors';

/** The group of all machines that nobody connects to. One for each VPC, made once and kept. */
export const NO_INBOUND_GROUP = 'golden-no-inbound';

/** How long a group may be held by the interface of a machine that is ending. */
const RELEASE_MS = 600_000;

/** The group without inbound rules of a VPC. Errors: `open-group`. */
export async function noInboundGroup(ec2: Caller, vpc: string, signal?: AbortSignal): Promise<string> {
  const known = await groupByName(ec2, vpc, NO_INBOUND_GROUP);
  if (known && (known.IpPermissions ?? []).length > 0) {
    throw new GoldenError('open-group', `Somebody has given inbound rules to the security group ${NO_INBOUND_GROUP} (${known.GroupId}) of ${vpc}`, {
      hint: 'Remove its inbound rules: machines that build images rely on it to have none.',
    });
  }
  return known?.GroupId ?? makeGroup(ec2, {
    vpc, name: NO_INBOUND_GROUP, description: 'Machines that build images, reached over Systems Manager', tags: { [TAGS.managed]: 'true' }, signal,
  });
}

export interface BuildGroup {
  readonly vpc: string;
  readonly name: string;
  readonly tags: TagMap;
  readonly port: number;
  /** The only addresses that reach the port: `203.0.113.7/32`. */
  readonly from: readonly string[];
  readonly signal?: AbortSignal;
}

/** A group of one build, whose one port only its caller reaches. */
export async function buildGroup(ec2: Caller, { vpc, name, tags, port, from, signal }: BuildGroup): Promise<string> {
  const id = await makeGroup(ec2, { vpc, name, description: 'One build of an image, reached over SSH', tags, signal });
  const Description = 'Who builds';
  const IpRanges = from.filter((range) => !range.includes(':')).map((CidrIp) => ({ CidrIp, Description }));
  const Ipv6Ranges = from.filter((range) => range.includes(':')).map((CidrIpv6) => ({ CidrIpv6, Description }));
  try {
    await ec2.send(new AuthorizeSecurityGroupIngressCommand({
      GroupId: id, IpPermissions: [{ IpProtocol: 'tcp', FromPort: port, ToPort: port, ...IpRanges.length > 0 && { IpRanges }, ...Ipv6Ranges.length > 0 && { Ipv6Ranges } }],
    }), { signal, notYet: ['InvalidGroup.NotFound'] });
  } catch (error) {
    // An earlier try had done it, and its answer was lost.
    if (awsCode(error) !== 'InvalidPermission.Duplicate') {
      await removeGroup(ec2, id).catch(() => undefined);
      throw error;
    }
  }
  return id;
}

/** Removes a group as soon as nothing uses it any more. One that has gone is no error; one that AWS says it does not know is looked for. */
export async function removeGroup(ec2: Caller, id: string, { deadlineMs = RELEASE_MS } = {}): Promise<void> {
  const remove = () => ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }), { notYet: ['DependencyViolation', 'InvalidGroup.InUse'], deadlineMs });
  try {
    await remove();
  } catch (error) {
    if (awsCode(error) !== 'InvalidGroup.NotFound') { throw error; }
    const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({ Filters: [{ Name: 'group-id', Values: [id] }] }));
    if (SecurityGroups.length > 0) { await remove(); }
  }
}

/** Addresses of a VPC, such as `10.0.0.0/16`. */
export async function vpcAddresses(ec2: Caller, vpc: string): Promise<readonly string[]> {
  const { Vpcs = [] } = await ec2.send(new DescribeVpcsCommand({ Filters: [{ Name: 'vpc-id', Values: [vpc] }] }));
  return Vpcs.flatMap(({ CidrBlock, CidrBlockAssociationSet = [] }) => [CidrBlock, ...CidrBlockAssociationSet.map((block) => block.CidrBlock)])
    .filter((block): block is string => block !== undefined);
}

interface NewGroup {
  readonly vpc: string;
  readonly name: string;
  readonly description: string;
  readonly tags: TagMap;
  readonly signal?: AbortSignal;
}

/** The name says which it is, so that one that was made without our knowing is found. */
async function makeGroup(ec2: Caller, { vpc, name, description, tags, signal }: NewGroup): Promise<string> {
  const find = async () => {
    const known = await groupByName(ec2, vpc, name);
    return known && { GroupId: known.GroupId!, $metadata: {} };
  };
  try {
    const { GroupId } = await ec2.send(new CreateSecurityGroupCommand({
      GroupName: name, Description: description, VpcId: vpc, TagSpecifications: [{ ResourceType: 'security-group', Tags: awsTags(tags) }],
    }), { signal, find });
    return GroupId!;
  } catch (error) {
    const made = awsCode(error) === 'InvalidGroup.Duplicate' ? await find() : undefined;
    if (!made) { throw error; }
    return made.GroupId;
  }
}

async function groupByName(ec2: Caller, vpc: string, name: string): Promise<SecurityGroup | undefined> {
  const { SecurityGroups = [] } = await ec2.send(new DescribeSecurityGroupsCommand({
    Filters: [{ Name: 'vpc-id', Values: [vpc] }, { Name: 'group-name', Values: [name] }],
  }));
  return SecurityGroups[0];
}
