import { DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { ListObjectsV2Command } from '@aws-sdk/client-s3';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { REGION, startEc2, type Ec2Fixture } from './ec2-fixture';

const HOUR_MS = 3_600_000;

let ec2: Ec2Fixture;
beforeAll(async () => { ec2 = await startEc2(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

describe.each([['behind', 2 * HOUR_MS], ['ahead', -2 * HOUR_MS]])('a computer whose clock is two hours %s', (where, clockAheadMs) => {
  // What was learnt of the time stays with a client.
  const region = where === 'behind' ? REGION : 'us-west-2';
  beforeEach(() => { ec2.aws.settings.clockAheadMs = clockAheadMs; });

  test('is set right by what AWS says of the time, with one more try', async () => {
    const { clients } = ec2.cloud;
    await clients.sts(region).send(new GetCallerIdentityCommand({}));
    await clients.ec2(region).send(new DescribeVpcsCommand({}));
    await clients.sts(region).send(new GetCallerIdentityCommand({}));
    expect(ec2.aws.calls.map(({ action, code = 'done' }) => `${action}: ${code}`)).toEqual([
      'GetCallerIdentity: SignatureDoesNotMatch', 'GetCallerIdentity: done', 'DescribeVpcs: AuthFailure', 'DescribeVpcs: done', 'GetCallerIdentity: done',
    ]);
  });
});

test('a computer that is not told the time says what its own clock says, and how it is set', async () => {
  Object.assign(ec2.aws.settings, { clockAheadMs: 2 * HOUR_MS, datedAnswers: false });
  const { clients } = ec2.cloud;
  const asked = [
    clients.sts('eu-west-1').send(new GetCallerIdentityCommand({})),
    clients.ssm('eu-west-1').send(new GetParameterCommand({ Name: '/x' })),
    clients.s3('eu-west-1').send(new ListObjectsV2Command({ Bucket: 'x' })),
    clients.ec2('eu-west-1').send(new DescribeVpcsCommand({})),
  ];
  const told = await Promise.all(asked.map((call) => call.then(() => 'done', ({ code, hint }) => `${code}: ${hint}`)));
  const clock = 'The clock of this computer says 20\\S+Z: where that is wrong, set it \\(timedatectl set-ntp true\\)\\.';
  expect(told).toEqual([
    expect.stringMatching(`^wrong-clock: ${clock}$`),
    expect.stringMatching(`^wrong-clock: ${clock}$`),
    expect.stringMatching(`^wrong-clock: ${clock}$`),
    // EC2 does not say that it is the time.
    expect.stringMatching(`^invalid-credentials: Sign in with [^]*\\n${clock}$`),
  ]);
});
