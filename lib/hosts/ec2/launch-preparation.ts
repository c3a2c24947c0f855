import { randomBytes } from 'crypto';
import { DescribeImagesCommand, type Image } from '@aws-sdk/client-ec2';
import { privateCaller, publicCaller } from './caller-address';
import type { Cloud } from './cloud';
import { builderProfile } from './instance-profile';
import type { Network } from './network';
import { networkOf } from './network-ahead';
import { buildGroup, noInboundGroup, removeGroup, vpcAddresses } from './security-group';
import { temporaryTags } from './tags';
import { userData } from './user-data';
import { GoldenError } from '../../errors';
import type { Plan } from '../../plan/model';
import type { HostContext } from '../../ports/host';
import type { LaunchRequirements } from '../../ports/launch-requirements';

/** What an image was made from. */
export interface ImageOrigin {
  readonly imageId: string;
  /** Build key, where it is an image of ours. */
  readonly buildKey?: string;
}

/** What a machine is launched for. */
export interface MachineRequest {
  readonly region: string;
  readonly plan: Plan;
  readonly imageId: string;
  /** The image, where it is known. */
  readonly image?: Image;
  /** The source that a layer was made from. Absent: it is launched from its source. */
  readonly origin?: ImageOrigin;
  readonly purpose: 'build' | 'boot-test';
  readonly requirements: LaunchRequirements;
  /** See `LaunchRequest`. */
  readonly onAsked?: () => void;
}

/** All that a launch needs and that no instance type or subnet changes. */
export interface Preparation {
  readonly image: Image;
  readonly network: Network;
  readonly securityGroups: readonly string[];
  /** The group that exists for this machine only. */
  readonly ownGroup?: string;
  /** Name or ARN. */
  readonly profile?: string;
  readonly userData: Buffer;
  readonly encryptionKey?: string;
}

/** Prepares what can be prepared at once, at once. Where one part fails, a group of this machine's own is removed again. */
export async function prepareLaunch(cloud: Cloud, request: MachineRequest, context: HostContext): Promise<Preparation> {
  const { plan, region, requirements } = request;
  const ec2 = cloud.clients.ec2(region);
  const { key, encrypted } = plan.delivery.encryption;
  // Asked on the internet, while AWS is asked for the network.
  const caller = callsFromOutside(request) ? publicCaller(cloud.clients.agents, cloud.callerAddress) : undefined;
  caller?.catch(() => undefined);
  const group = networkOf(cloud, region, plan, context)
    .then(async (network) => ({ network, ...await findGroups(cloud, request, network, caller, context) }));
  const [grouped, image, profile, encryptionKey] = await Promise.allSettled([
    group,
    request.image ?? describeImage(cloud, region, request),
    findProfile(cloud, request, context),
    encrypted && key ? context.late(key) : undefined,
  ]);
  try {
    const { network, securityGroups, ownGroup } = valueOf(grouped);
    const { name, fresh } = valueOf(profile);
    return {
      image: valueOf(image),
      network,
      securityGroups,
      ownGroup,
      profile: name,
      userData: userData(plan, { requirements, region, freshProfile: fresh, withOwn: request.purpose === 'build' }),
      encryptionKey: valueOf(encryptionKey),
    };
  } catch (error) {
    const own = grouped.status === 'fulfilled' ? grouped.value.ownGroup : undefined;
    // What explains more is the error that we came here by.
    if (own) { await removeGroup(ec2, own).catch(() => undefined); }
    throw error;
  }
}

async function findGroups(
  cloud: Cloud, { region, plan, requirements }: MachineRequest, network: Network, caller: Promise<string> | undefined,
  context: HostContext,
): Promise<{ readonly securityGroups: readonly string[]; readonly ownGroup?: string }> {
  const { signal, buildId } = context;
  if (network.securityGroups) { return { securityGroups: network.securityGroups }; }
  const ec2 = cloud.clients.ec2(region);
  const { inboundPort: port } = requirements;
  if (port === undefined) { return { securityGroups: [await noInboundGroup(ec2, network.vpc, signal)] }; }

  const from = caller ? [await caller] : await insideRange(cloud, plan, region, network.vpc);
  const name = `golden-${buildId}-${randomBytes(4).toString('hex')}`;
  await context.intend('ec2-security-group', { region, vpc: network.vpc, name });
  const ownGroup = await buildGroup(ec2, { vpc: network.vpc, name, port, from, tags: temporaryTags(plan, buildId, cloud.clock), signal });
  return { securityGroups: [ownGroup], ownGroup };
}

/** Whether the machine gets a group of its own that lets in this computer, by its address on the internet. */
function callsFromOutside({ plan: { builder: { network, communicator } }, requirements }: MachineRequest): boolean {
  const hasGroup = (network.securityGroups ?? []).length > 0 || network.securityGroupFilters !== undefined;
  const isInside = requirements.address === 'private' || (communicator.type === 'ssh' && communicator.bastion !== undefined);
  return requirements.inboundPort !== undefined && !hasGroup && !isInside;
}

/** Who connects from within the VPC: this computer, or a bastion. */
async function insideRange(cloud: Cloud, { builder: { communicator } }: Plan, region: string, vpc: string): Promise<readonly string[]> {
  const addresses = await vpcAddresses(cloud.clients.ec2(region), vpc);
  return communicator.type === 'ssh' && communicator.bastion ? addresses : [await privateCaller(addresses, cloud.callerAddress)];
}

async function describeImage(cloud: Cloud, region: string, { imageId, plan }: MachineRequest): Promise<Image> {
  const { Images: [image] = [] } = await cloud.clients.ec2(region).send(new DescribeImagesCommand({ Filters: [{ Name: 'image-id', Values: [imageId] }] }));
  if (image) { return image; }
  throw new GoldenError('image-gone', `The AMI ${imageId} is not in ${region} any more`, { path: plan.image, hint: 'Build again.' });
}

async function findProfile(
  cloud: Cloud, { plan, region, requirements }: MachineRequest, context: HostContext,
): Promise<{ readonly name?: string; readonly fresh: boolean }> {
  const { instanceProfile } = plan.builder;
  if (instanceProfile) { return { name: await context.late(instanceProfile), fresh: false }; }
  if (!requirements.managed) { return { fresh: false }; }
  return builderProfile(cloud.clients.iam(region), region.startsWith('cn-') ? 'ec2.amazonaws.com.cn' : 'ec2.amazonaws.com');
}

function valueOf<T>(result: PromiseSettledResult<T>): T {
  if (result.status === 'rejected') { throw result.reason; }
  return result.value;
}
