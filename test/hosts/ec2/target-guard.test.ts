import { ec2Plan, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { guardTarget } from '../../../lib/hosts/ec2/target-guard';
import type { Target } from '../../../lib/plan/model';

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
