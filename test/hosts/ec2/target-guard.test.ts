import { ec2Plan, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { systemClock } from '../../../lib/cli/wiring';
import { Ec2Host } from '../../../lib/hosts/ec2/ec2-host';
import { guardTarget } from '../../../lib/hosts/ec2/target-guard';
import type { Target } from '../../../lib/plan/model';
import type { LaunchRequest } from '../../../lib/ports/host';

let ec2: Ec2Fixture;
beforeAll(async () => { ec2 = await startEc2(); });
afterAll(() => ec2?.stop());

const guard = (target: Target) => guardTarget(ec2.cloud, { ...ec2Plan(), target });

test('an image that may be anywhere is built where the user says', async () => {
  expect(await guard({})).toBe(REGION);
  expect(await guard({ account: ec2.aws.account, region: REGION })).toBe(REGION);
});

test('an image of another region or account is not built', async () => {
  await expect(guard({ region: 'eu-west-1' })).rejects.toMatchObject({ code: 'wrong-region', hint: expect.stringContaining('--region eu-west-1') });
  await expect(guard({ account: '999999999999' })).rejects.toMatchObject({
    code: 'wrong-account', message: expect.stringContaining(`The image is for account 999999999999, and these credentials are of ${ec2.aws.account}`),
  });
});

test('who calls is asked once', async () => {
  ec2.aws.calls.length = 0;
  await guard({});
  await guard({});
  expect(ec2.aws.calls.filter(({ action }) => action === 'GetCallerIdentity').length).toBeLessThanOrEqual(1);
});

test('an image of another partition is not built', async () => {
  const clients = Object.assign(Object.create(ec2.cloud.clients), {
    callerIdentity: async () => ({ account: ec2.aws.account, partition: 'aws', arn: 'arn:aws:iam::123456789012:user/build' }),
  });
  const cloud = { ...ec2.cloud, clients, regionOf: async () => 'cn-north-1' };
  await expect(guardTarget(cloud, { ...ec2Plan(), target: {} })).rejects.toMatchObject({
    code: 'wrong-partition', message: 'The region cn-north-1 is not in the partition of these credentials, aws',
  });
});

test.each([
  ['wrong-account', { account: '999999999999' }, REGION],
  ['wrong-region', { region: 'eu-west-1' }, REGION],
])('%s is seen before anything else is asked', async (code, target, region) => {
  const host = new Ec2Host({ clock: systemClock, outputFolder: '/nonexistent', region });
  ec2.aws.calls.length = 0;
  await expect(host.resolve({ ...ec2Plan(), target }, ec2.context)).rejects.toMatchObject({ code });
  await expect(host.launch({ plan: { ...ec2Plan(), target } } as LaunchRequest, ec2.context)).rejects.toMatchObject({ code });
  expect(ec2.aws.calls.map(({ action }) => action).filter((action) => action !== 'GetCallerIdentity')).toEqual([]);
});
