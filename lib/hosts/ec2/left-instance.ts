import { DescribeInstancesCommand } from '@aws-sdk/client-ec2';
import type { Cloud } from './cloud';
import { allPages } from './pages';
import { TAGS } from './tags';
import { terminateInstance } from './termination';
import { GoldenError } from '../../errors';
import type { DeadBuild, Machine } from '../../ports/host';

/** The instance that a build left running, and its region. Undefined: none runs any more. */
export async function findLeftInstance(
  cloud: Cloud, { buildId, intents }: DeadBuild,
): Promise<{ readonly machine: Machine; readonly region: string } | undefined> {
  const regions = intents.filter(({ act }) => act === 'ec2-launch').map(({ detail }) => String(detail.region));
  for (const region of new Set(regions)) {
    const ec2 = cloud.clients.ec2(region);
    const filters = [{ Name: `tag:${TAGS.build}`, Values: [buildId] }, { Name: 'instance-state-name', Values: ['running'] }];
    const pages = await allPages((NextToken) => ec2.send(new DescribeInstancesCommand({ Filters: filters, NextToken })));
    const [found] = pages.flatMap(({ Reservations = [] }) => Reservations).flatMap(({ Instances = [] }) => Instances);
    if (found) { return { machine: leftInstance(cloud, region, found.InstanceId!), region }; }
  }
  return undefined;
}

function leftInstance(cloud: Cloud, region: string, id: string): Machine {
  const notOurs = async () => { throw new GoldenError('foreign-machine', `The instance ${id} was launched by another process`, { kind: 'internal' }); };
  return {
    id,
    description: `the instance ${id} in ${region}`,
    booted: true,
    access: { user: 'root', instanceId: id },
    lost: new Promise(() => { /* nobody watches it */ }),
    restarted: notOurs,
    stop: notOurs,
    destroy: () => terminateInstance(cloud.clients.ec2(region), id),
  };
}
