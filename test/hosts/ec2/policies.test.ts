import type { Cloud } from '../../../lib/hosts/ec2/cloud';
import { buildPolicies } from '../../../lib/hosts/ec2/policies';
import { samplePlan } from '../../support/sample-plan';

test.each([
  ['eu-central-1', 'aws'], ['cn-north-1', 'aws-cn'], ['us-gov-west-1', 'aws-us-gov'], ['us-iso-east-1', 'aws-iso'], ['eusc-de-east-1', 'aws-eusc'],
])('policies for the region %s are of the partition %s, all of them', async (region, partition) => {
  const cloud = { regionOf: async () => region } as Partial<Cloud> as Cloud;
  const [{ name, document }] = await buildPolicies(cloud, [samplePlan()]);
  expect(name).toBe('build role');
  const partitions = [...JSON.stringify(document).matchAll(/"arn:([^:]+):/g)].map(([, found]) => found);
  expect(partitions.length).toBeGreaterThan(5);
  expect([...new Set(partitions)]).toEqual([partition]);
});
