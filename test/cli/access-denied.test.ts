import { Duration } from 'aws-cdk-lib';
import { Communicator, FileSource, Provisioner } from '../../lib';
import { startAccountCli, type AccountCli, type CliRun } from '../support/account-cli';

let account: AccountCli;
beforeAll(async () => { account = await startAccountCli(); });
afterAll(() => account?.stop());
beforeEach(() => account.reset());

interface Refused {
  readonly code: string;
  readonly message: string;
  readonly hint: string;
}

const errorOf = ({ events }: CliRun) => events.filter(({ type }) => type === 'build.finished').map(({ error }) => error as Refused)[0];

/** Builds where one call is not allowed: the error shows a statement of the policy, and nothing is left. */
async function refusal(communicator: Communicator, call: string, permission: string): Promise<void> {
  account.declare('app', {
    Web: {
      builder: { communicator },
      provisioners: [Provisioner.file({ source: FileSource.inline('x'.repeat(200_000)), destination: '/srv/big' })],
      distribution: { regions: ['us-west-2'], deprecateAfter: Duration.days(30) },
    },
  });
  const { out } = await account.golden(['iam', '--app', 'app']);
  const policy = (JSON.parse(out) as { readonly [role: string]: object })['build role'];
  account.cloud.settings.denied = [call];
  const error = errorOf(await account.golden(['build', '--host', 'ec2', '--app', 'app', '--json']));
  expect(error).toMatchObject({ code: 'access-denied', message: expect.stringContaining(permission) });
  const statement = JSON.parse(/\{.*\}/.exec(error.hint)![0]) as { readonly Action: string };
  expect(statement.Action).toBe(permission);
  expect(JSON.stringify(policy)).toContain(`"${permission}"`);
  account.cloud.settings.denied = [];
  expect(await account.left()).toEqual([]);
}

describe('a build over SSH that may not make a call says which statement it needs, and leaves nothing', () => {
  test.each([
    'ec2:DescribeImages', 'ec2:DescribeSubnets', 'ec2:CreateSecurityGroup', 'ec2:AuthorizeSecurityGroupIngress', 'ec2:RunInstances', 'ec2:DescribeInstances',
    'ec2:StopInstances', 'ec2:CreateImage', 'ec2:CopyImage', 'ec2:EnableImageDeprecation', 'ssm:GetParameter', 'ssm:PutParameter',
  ])('%s', (call) => refusal(Communicator.ssh(), call, call));
});

describe('a build over SSM that may not make a call says which statement it needs, and leaves nothing', () => {
  test.each([
    'iam:GetInstanceProfile', 'iam:CreateRole', 'iam:PutRolePolicy', 'iam:CreateInstanceProfile', 'iam:AddRoleToInstanceProfile',
    'ssm:SendCommand', 'ssm:GetCommandInvocation',
    's3:CreateBucket', 's3:PutObject',
    ['s3:PutBucketEncryption', 's3:PutEncryptionConfiguration'], ['s3:PutPublicAccessBlock', 's3:PutBucketPublicAccessBlock'],
  ].map((call) => (typeof call === 'string' ? [call, call] : call)))('%s', (call, permission) => refusal(Communicator.ssm(), call, permission));
});
