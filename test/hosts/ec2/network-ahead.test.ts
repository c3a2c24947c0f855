import { ec2Plan, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { findNetworkAhead, networkOf } from '../../../lib/hosts/ec2/network-ahead';
import type { Plan } from '../../../lib/plan/model';
import { until } from '../../support/cloud/machines/machine-stand';

let ec2: Ec2Fixture;
let now: number;
beforeAll(async () => { ec2 = await startEc2(); });
afterAll(() => ec2?.stop());
beforeEach(async () => {
  await ec2.reset();
  now = 0;
});

const asked = () => ec2.aws.calls.filter(({ action }) => action === 'DescribeSubnets').length;
const cloud = () => ({ ...ec2.cloud, clock: { ...ec2.cloud.clock, now: () => now } });
const nowhere: Plan = ec2Plan({ builder: { network: { vpc: { type: 'literal', value: 'vpc-00000000' } } } });

test('a network that was looked up a moment ago is not looked up again, but for the next machine', async () => {
  const there = cloud();
  const plan = ec2Plan();
  findNetworkAhead(there, REGION, plan, ec2.context);
  const first = await networkOf(there, REGION, plan, ec2.context);
  expect(asked()).toBe(1);
  expect(await networkOf(there, REGION, plan, ec2.context)).toEqual(first);
  expect(asked()).toBe(2);
});

test('one that was looked up half a minute ago is looked up again, and so is that of another region or account', async () => {
  const there = cloud();
  const plan = ec2Plan();
  findNetworkAhead(there, REGION, plan, ec2.context);
  now += 30_000;
  await networkOf(there, REGION, plan, ec2.context);
  expect(asked()).toBe(2);
  findNetworkAhead(there, REGION, plan, ec2.context);
  await networkOf(cloud(), REGION, plan, ec2.context);
  await until(async () => asked(), (count) => count === 4);
});

test('what failed is asked again, and told then', async () => {
  const there = cloud();
  findNetworkAhead(there, REGION, nowhere, ec2.context);
  await expect(networkOf(there, REGION, nowhere, ec2.context)).rejects.toMatchObject({ code: 'no-subnet' });
  expect(asked()).toBe(2);
});
