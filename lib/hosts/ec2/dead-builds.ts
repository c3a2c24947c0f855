import {
  CancelSpotInstanceRequestsCommand, DeleteNetworkInterfaceCommand, DeleteSecurityGroupCommand, DeleteVolumeCommand, DescribeInstancesCommand,
  DescribeNetworkInterfacesCommand, DescribeSecurityGroupsCommand, DescribeSpotInstanceRequestsCommand, DescribeVolumesCommand,
  TerminateInstancesCommand, type Filter, type Tag,
} from '@aws-sdk/client-ec2';
import { awsCode } from './aws-errors';
import type { Cloud } from './cloud';
import { GONE } from './not-yet';
import { allPages } from './pages';
import { TAGS, tagOf } from './tags';

/** Something that exists only during a build, and how it is removed. */
export interface Leftover {
  /** For people: `instance i-0123`. */
  readonly what: string;
  readonly tags: readonly Tag[];
  readonly remove: () => Promise<void>;
}

/** How long what was in use a moment ago may go on saying so. */
const RELEASE_MS = 5 * 60_000;

/** Things of one kind in a region, with what removes each. */
type Finder = (cloud: Cloud, region: string, filters: readonly Filter[]) => Promise<readonly Leftover[]>;

/* In the order in which they let go of each other. */
const FINDERS: readonly Finder[] = [spotRequests, instances, networkInterfaces, volumes, securityGroups];

/** What exists only during builds and is tagged so, and was left in a region by those that are wanted. Removes it, and returns a line for each thing. */
export async function removeTemporary(
  cloud: Cloud, region: string, filters: readonly Filter[], isWanted: (tags: readonly Tag[]) => boolean,
): Promise<readonly string[]> {
  const lines: string[] = [];
  for (const find of FINDERS) {
    const found = (await find(cloud, region, filters)).filter(({ tags }) => isWanted(tags));
    for (const { what, remove, tags } of found) {
      try {
        await remove();
        lines.push(`${what} in ${region}, of build ${tagOf(tags, TAGS.build)}`);
      } catch (error) {
        // Somebody else was faster, or it went with what it belonged to.
        if (!GONE.has(awsCode(error))) { throw error; }
      }
    }
  }
  return lines;
}

async function instances(cloud: Cloud, region: string, filters: readonly Filter[]): Promise<readonly Leftover[]> {
  const ec2 = cloud.clients.ec2(region);
  const states: Filter = { Name: 'instance-state-name', Values: ['pending', 'running', 'stopping', 'stopped'] };
  const pages = await allPages((NextToken) => ec2.send(new DescribeInstancesCommand({ Filters: [...filters, states], NextToken })));
  return pages.flatMap(({ Reservations = [] }) => Reservations).flatMap(({ Instances = [] }) => Instances).map(({ InstanceId: id, Tags = [] }) => ({
    what: `instance ${id}`,
    tags: Tags,
    remove: async () => {
      cloud.leases.remove(region, id!);
      await ec2.send(new TerminateInstancesCommand({ InstanceIds: [id!] }));
    },
  }));
}

async function spotRequests(cloud: Cloud, region: string, filters: readonly Filter[]): Promise<readonly Leftover[]> {
  const ec2 = cloud.clients.ec2(region);
  const states: Filter = { Name: 'state', Values: ['open', 'active'] };
  const pages = await allPages((NextToken) => ec2.send(new DescribeSpotInstanceRequestsCommand({ Filters: [...filters, states], NextToken })));
  return pages.flatMap(({ SpotInstanceRequests = [] }) => SpotInstanceRequests).map(({ SpotInstanceRequestId: id, Tags = [] }) => ({
    what: `spot request ${id}`,
    tags: Tags,
    remove: async () => { await ec2.send(new CancelSpotInstanceRequestsCommand({ SpotInstanceRequestIds: [id!] })); },
  }));
}

/** Those that are attached go with their instance. */
async function networkInterfaces(cloud: Cloud, region: string, filters: readonly Filter[]): Promise<readonly Leftover[]> {
  const ec2 = cloud.clients.ec2(region);
  const states: Filter = { Name: 'status', Values: ['available'] };
  const pages = await allPages((NextToken) => ec2.send(new DescribeNetworkInterfacesCommand({ Filters: [...filters, states], NextToken })));
  return pages.flatMap(({ NetworkInterfaces = [] }) => NetworkInterfaces).map(({ NetworkInterfaceId: id, TagSet = [] }) => ({
    what: `network interface ${id}`,
    tags: TagSet,
    remove: async () => { await ec2.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id })); },
  }));
}

async function volumes(cloud: Cloud, region: string, filters: readonly Filter[]): Promise<readonly Leftover[]> {
  const ec2 = cloud.clients.ec2(region);
  const states: Filter = { Name: 'status', Values: ['available', 'error'] };
  const pages = await allPages((NextToken) => ec2.send(new DescribeVolumesCommand({ Filters: [...filters, states], NextToken })));
  return pages.flatMap(({ Volumes = [] }) => Volumes).map(({ VolumeId: id, Tags = [] }) => ({
    what: `volume ${id}`,
    tags: Tags,
    remove: async () => { await ec2.send(new DeleteVolumeCommand({ VolumeId: id })); },
  }));
}

async function securityGroups(cloud: Cloud, region: string, filters: readonly Filter[]): Promise<readonly Leftover[]> {
  const ec2 = cloud.clients.ec2(region);
  const pages = await allPages((NextToken) => ec2.send(new DescribeSecurityGroupsCommand({ Filters: [...filters], NextToken })));
  return pages.flatMap(({ SecurityGroups = [] }) => SecurityGroups).map(({ GroupId: id, GroupName, Tags = [] }) => ({
    what: `security group ${id} (${GroupName})`,
    tags: Tags,
    // Instances hold it until they are gone.
    remove: async () => {
      await ec2.send(new DeleteSecurityGroupCommand({ GroupId: id }), { notYet: ['DependencyViolation', 'ResourceInUse'], deadlineMs: RELEASE_MS });
    },
  }));
}
