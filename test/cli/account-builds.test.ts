import { CreateTagsCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateBucketCommand, S3Client } from '@aws-sdk/client-s3';
import { Communicator, Provisioner } from '../../lib';
import { systemClock } from '../../lib/cli/wiring';
import { startAccountCli, type AccountCli, type CliRun } from '../support/account-cli';

let account: AccountCli;
beforeAll(async () => { account = await startAccountCli(); });
afterAll(() => account?.stop());
beforeEach(() => account.reset());

const shell = (text: string) => Provisioner.shell({ inline: [text] });
const overSsh = { communicator: Communicator.ssh() };
const endOf = ({ events }: CliRun) => events.filter(({ type }) => type === 'build.finished')[0];
/** How a build ended, and why where it failed. */
const statusOf = (run: CliRun) => { const { status, error } = endOf(run); return error ? `${status}: ${(error as { message: string }).message}` : status; };
const executed = ({ events }: CliRun) => events.filter(({ type }) => type === 'instruction.started').map(({ index }) => index);
const client = () => ({ region: account.cloud.region, endpoint: account.cloud.endpoint });
const build = (assembly: string, ...args: readonly string[]) => account.golden(['build', '--host', 'ec2', '--app', assembly, '--json', ...args]);

async function makeBucket(): Promise<void> {
  const Bucket = { Bucket: 'team', CreateBucketConfiguration: { LocationConstraint: 'us-east-2' } } as const;
  await new S3Client({ ...client(), forcePathStyle: true }).send(new CreateBucketCommand(Bucket));
}

// Each test is several builds.
jest.setTimeout(240_000);

test('list shows the AMI of each region, until they are removed', async () => {
  account.declare('app', { Web: { builder: overSsh, distribution: { regions: ['us-west-2'] } } });
  await build('app');
  const { images } = await account.cloud.resources();
  const ids = new Map(images.map(({ region, id }) => [region, id]));
  expect((await account.golden(['list', '--app', 'app'])).out).toContain(`${ids.get('us-east-2')} in us-east-2, ${ids.get('us-west-2')} in us-west-2, 20`);
  await account.golden(['destroy', '--app', 'app', '--yes']);
  expect((await account.golden(['list', '--app', 'app'])).out).toContain('no artifact');
});

test.each(['list', 'synth', 'validate', 'build', 'destroy', 'iam'])('an app is told by %s of the account and region of the credentials, as the CDK tells it', async (command) => {
  account.declare('another', {});
  const app = 'echo "for $CDK_DEFAULT_ACCOUNT in $CDK_DEFAULT_REGION" >&2; exit 1';
  // However busy this computer is.
  const clock = { ...systemClock, sleep: (milliseconds: number, signal?: AbortSignal) => systemClock.sleep(100 * milliseconds, signal) };
  expect((await account.golden([command, '--app', app], { clock })).err).toContain('for 123456789012 in us-east-2\n');
});

test('an app is told of the region that images are built in', async () => {
  account.declare('another', {});
  const app = 'echo "for $CDK_DEFAULT_ACCOUNT in $CDK_DEFAULT_REGION" >&2; exit 1';
  expect((await account.golden(['build', '--host', 'ec2', '--region', 'eu-west-1', '--app', app])).err).toContain('for 123456789012 in eu-west-1\n');
});

test('a build starts from the layer at a checkpoint and runs only what comes after; without the cache it runs all; destroy removes the layer', async () => {
  const image = (last: string) => ({ builder: overSsh, provisioners: [shell('echo first > /etc/first'), Provisioner.checkpoint(), shell(last)] });
  account.declare('first', { Web: image('true') });
  account.declare('second', { Web: image('test "$(cat /etc/first)" = first') });
  const first = await build('first');
  expect([statusOf(first), executed(first)]).toEqual(['built', [0, 1]]);
  expect(first.events.filter(({ type }) => type === 'layer.saved').map(({ after }) => after)).toContain(1);
  const second = await build('second');
  expect([statusOf(second), executed(second)]).toEqual(['built', [1]]);
  const third = await build('second', '--no-cache');
  expect([statusOf(third), executed(third)]).toEqual(['built', [0, 1]]);
  expect((await account.golden(['destroy', '--app', 'second', '--yes'])).out).toMatch(/removed image ami-\S+ \(golden layer/);
  expect(await account.left()).toEqual([]);
});

test('two computers with records in S3 build an image once: the other waits, says for whom, and has it', async () => {
  await makeBucket();
  account.declare('app', { Web: { builder: overSsh, provisioners: [shell('sleep 3')] } });
  const argv = ['build', '--host', 'ec2', '--app', 'app', '--json', '--state', 's3://team/golden'];
  const runs = await Promise.all(['one', 'two'].map((computer) => account.golden(argv, { computer })));
  expect(runs.map((run) => endOf(run).status).sort()).toEqual(['built', 'unchanged']);
  const waiting = runs.find((run) => endOf(run).status === 'unchanged')!;
  expect(waiting.events.filter(({ type }) => type === 'notice').map(({ message }) => message)).toEqual([expect.stringMatching(/pid|process|build/i)]);
  expect((await account.cloud.resources()).images).toHaveLength(1);
});

describe('of a build that was killed', () => {
  /** Kills a build while its machine works. */
  async function kill(...args: readonly string[]): Promise<void> {
    account.declare('app', { Web: { builder: overSsh, provisioners: [shell('sleep 6')] } });
    await account.killed('app', ...args);
    expect(await account.left()).not.toEqual([]);
  }

  test('gc removes everything at once where the records are', async () => {
    await kill();
    expect((await account.golden(['gc', '--host', 'ec2'])).exitCode).toBe(0);
    expect(await account.left()).toEqual([]);
  });

  test('another computer takes over when its lock in S3 is over, and removes what it left', async () => {
    await makeBucket();
    const state = ['--state', 's3://team/golden'];
    await kill(...state);
    const later = { ...systemClock, now: () => Date.now() + 180_000 };
    const argv = ['build', '--host', 'ec2', '--app', 'app', '--json', ...state];
    expect(endOf(await account.golden(argv, { computer: 'elsewhere', clock: later }))).toMatchObject({ status: 'built' });
    const left = await account.left();
    expect(left.filter(({ id }) => /^(i|vol|sg)-/.test(id))).toEqual([]);
    expect(left.filter(({ id }) => id.startsWith('ami-'))).toHaveLength(1);
  });

  test('gc elsewhere removes everything when its lease is over, and nothing before', async () => {
    await kill();
    const gc = () => account.golden(['gc', '--host', 'ec2', '--region', 'us-west-2', '--region', 'us-east-2'], { computer: 'elsewhere' });
    expect((await gc()).out).toBe('Nothing to remove.\n');
    const Resources = (await account.left()).map(({ id }) => id);
    await new EC2Client(client()).send(new CreateTagsCommand({ Resources, Tags: [{ Key: 'golden:lease', Value: '2020-01-01T00:00:00.000Z' }] }));
    expect((await gc()).out).toContain('removed instance i-');
    expect(await account.left()).toEqual([]);
  });
});
