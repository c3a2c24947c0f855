import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Duration } from 'aws-cdk-lib';
import { BootMode, Communicator, DeregistrationProtection, FileSource, Provisioner, SecretRef, SshVia, type AmiImageProps } from '../../lib';
import { startAccountCli, type AccountCli, type CliRun } from '../support/account-cli';
import { S3_PERMISSIONS } from '../support/iam/demands';
import { enforce } from '../support/iam/enforce';
import { actionsOf } from '../support/iam/evaluator';

let account: AccountCli;
beforeAll(async () => { account = await startAccountCli(); });
afterAll(() => account?.stop());
beforeEach(() => account.reset());

type Documents = { readonly [role: string]: { readonly Statement: readonly object[] } };

const golden = (...argv: readonly string[]) => account.golden([...argv, '--app', 'app']);
const build = (...args: readonly string[]) => golden('build', '--host', 'ec2', '--json', ...args);
const ends = ({ events }: CliRun) => events.filter(({ type }) => type === 'build.finished').map(({ status, error }) => error?.message ?? status);

async function policies(...args: readonly string[]): Promise<Documents> {
  return JSON.parse((await golden('iam', ...args)).out) as Documents;
}

const BIG = Provisioner.file({ source: FileSource.inline('x'.repeat(200_000)), destination: '/srv/big' });

const WAYS: { readonly [name: string]: Partial<AmiImageProps> } = {
  'over SSM, with a copy and files that are staged': {
    provisioners: [BIG], distribution: { regions: ['us-west-2'] },
  },
  'over SSH, with everything that a delivery can ask for': {
    builder: { communicator: Communicator.ssh() },
    encrypted: false,
    distribution: {
      regions: ['us-west-2'],
      accounts: ['222233334444'],
      shareSnapshots: true,
      deprecateAfter: Duration.days(30),
      deregistrationProtection: DeregistrationProtection.ENABLED,
      tags: { team: 'web' },
    },
  },
  'over a session, with a firmware of its own': {
    builder: { communicator: Communicator.ssh({ via: SshVia.SESSION_MANAGER }) }, bootMode: BootMode.UEFI,
  },
};

test.each(Object.entries(WAYS))('a build %s needs no more than the policies say; nor does its removal', async (_, props) => {
  account.declare('app', { Web: props });
  const documents = await policies();
  const building = enforce(account.cloud, documents['build role']);
  expect([ends(await build()), building.refused]).toEqual([['built'], []]);
  expect([ends(await build()), building.refused]).toEqual([['unchanged'], []]);
  const removing = enforce(account.cloud, documents['destroy role']);
  expect(await golden('destroy', '--yes')).toMatchObject({ exitCode: 0, out: expect.stringContaining('removed image ami-') });
  expect(await account.golden(['gc', '--host', 'ec2'])).toMatchObject({ exitCode: 0 });
  expect(removing.refused).toEqual([]);
  expect(await account.left()).toEqual([]);
});

test('a build that fails cleans up within its policy', async () => {
  account.declare('app', { Web: { builder: { communicator: Communicator.ssh() }, provisioners: [Provisioner.shell({ inline: ['exit 7'] })] } });
  const { refused } = enforce(account.cloud, (await policies())['build role']);
  expect(ends(await build())).toEqual([expect.stringContaining('exit code 7')]);
  expect([refused, await account.left()]).toEqual([[], []]);
});

test('buckets for records and staged files are in the policy where they are given, and only those', async () => {
  account.declare('app', { Web: { provisioners: [BIG] } });
  const places = ['--state', 's3://team/golden', '--staging-bucket', 'files'];
  const client = new S3Client({ region: account.cloud.region, endpoint: account.cloud.endpoint, forcePathStyle: true });
  for (const Bucket of ['team', 'files']) {
    await client.send(new CreateBucketCommand({ Bucket, CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } }));
  }
  const document = (await policies(...places))['build role'];
  expect(actionsOf(document)).not.toContain('s3:CreateBucket');
  const { refused, used } = enforce(account.cloud, document);
  expect([ends(await build(...places)), refused]).toEqual([['built'], []]);
  expect([...used].filter((action) => action.startsWith('s3:')).sort()).toEqual(['s3:DeleteObject', 's3:GetObject', 's3:ListBucket', 's3:PutObject']);
});

test('the role of the machines may do what the agent of Systems Manager does, and nothing else', async () => {
  account.declare('app', { Web: {} });
  expect(actionsOf((await policies())['instance role'])).toEqual([
    'ec2messages:AcknowledgeMessage', 'ec2messages:DeleteMessage', 'ec2messages:FailMessage', 'ec2messages:GetEndpoint', 'ec2messages:GetMessages',
    'ec2messages:SendReply', 'ssm:UpdateInstanceInformation', 'ssmmessages:CreateControlChannel', 'ssmmessages:CreateDataChannel',
    'ssmmessages:OpenControlChannel', 'ssmmessages:OpenDataChannel',
  ]);
  account.declare('ssh', { Web: { builder: { communicator: Communicator.ssh() } } });
  const { out } = await account.golden(['iam', '--app', 'ssh']);
  expect(Object.keys(JSON.parse(out) as Documents)).toEqual(['build role', 'destroy role']);
});

/** What AWS asks for without a call of that name. */
const WITHOUT_CALL = [
  // To give a machine its role; to tag what is made in the same call.
  'iam:PassRole', 'iam:TagInstanceProfile', 'iam:TagRole',
  // EC2 uses the keys and, the first time, makes the role of spot requests, in the name of the caller.
  'iam:CreateServiceLinkedRole', 'kms:CreateGrant', 'kms:Decrypt', 'kms:DescribeKey', 'kms:Encrypt', 'kms:GenerateDataKey*', 'kms:ReEncrypt*',
];

test('no policy allows what the code does not call', async () => {
  account.declare('app', Object.fromEntries(Object.values(WAYS).map((props, index) => [`Web${index}`, props])));
  const documents = await policies('--state', 's3://team/golden');
  const allowed = [...new Set(['build role', 'destroy role'].flatMap((role) => actionsOf(documents[role])))];
  const called = new Set(calledActions());
  expect(allowed.filter((action) => !WITHOUT_CALL.includes(action) && !called.has(action.split(':')[1]))).toEqual([]);
});

test('some policy allows each call that the code makes, for images that ask for it', async () => {
  account.declare('app', {
    ...Object.fromEntries(Object.values(WAYS).map((props, index) => [`Web${index}`, props])),
    Spot: { builder: { spot: {} }, provisioners: [Provisioner.shell({ inline: ['true'], secrets: { TOKEN: SecretRef.secretsManager('token') } })] },
    Open: { encrypted: false, distribution: { publiclyAccessible: true } },
  });
  const documents = await policies('--state', 's3://team/golden');
  const allowed = new Set(['build role', 'destroy role'].flatMap((role) => actionsOf(documents[role])).map((action) => action.split(':')[1]));
  // None of these is used by another account; and a class of ours has the name of a call.
  const others = ['AssumeRole', 'Run'];
  expect([...new Set(calledActions())].filter((action) => !allowed.has(action) && !others.includes(action))).toEqual([]);
});

/** Calls that the code can make, by the names of their permissions. */
function calledActions(): readonly string[] {
  const files = ['hosts/ec2', 'communicators/ssm'].map((room) => join(__dirname, '..', '..', 'lib', room))
    .flatMap((folder) => readdirSync(folder).filter((name) => /(?<!\.d)\.ts$/.test(name)).map((name) => readFileSync(join(folder, name), 'utf8')));
  return files.flatMap((text) => [...text.matchAll(/new (\w+)Command\(/g)].map(([, action]) => S3_PERMISSIONS[action] ?? action));
}
