import { mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'fs';
import { join } from 'path';
import { DescribeImageAttributeCommand, EC2Client } from '@aws-sdk/client-ec2';
import { AssumeRoleCommand, STSClient } from '@aws-sdk/client-sts';
import { Stack, Stage } from 'aws-cdk-lib';
import * as iam from 'aws-cdk-lib/aws-iam';
import { Delivery, DeliveryRole } from '../../lib';
import { startCdkDeploy, type CdkDeploy } from '../support/cdk-deploy';
import { deployed, instanceOf, markedImage, serverStack } from '../support/deployed-server';
import { GOLDEN } from '../support/golden';

// Where stacks, assemblies and credentials can be: each place is tried with the CDK's own command line on an emulated AWS.
jest.setTimeout(600_000);

const OTHER_ACCOUNT = '222222222222';

let aws: CdkDeploy;
beforeAll(async () => {
  aws = await startCdkDeploy();
  const { account, region } = aws.env;
  const { exitCode, output } = await aws.cdk(['bootstrap', `aws://${account}/${region}`, `aws://${account}/us-west-2`]);
  if (exitCode !== 0) { throw new Error(output); }
});
afterAll(() => aws?.stop());
beforeEach(() => { aws.activity(); });

const place = (region = aws.env.region) => ({ region, endpoint: aws.cloud.endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });

describe('an assembly', () => {
  test('that was made elsewhere and moved is deployed from wherever it lies', async () => {
    const made = aws.synth('made', (app) => { serverStack(app, 'Moved', { marker: 'moved', env: aws.env }); });
    const moved = join(aws.work, 'moved to', 'another folder');
    mkdirSync(join(aws.work, 'moved to'));
    renameSync(made, moved);
    const { exitCode, output } = await aws.deploy(['--app', moved]);
    expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Moved')]);
    const { status, image, running } = await deployed(aws, 'Moved');
    expect({ status, running }).toEqual({ status: 'CREATE_COMPLETE', running: image });
  });

  test('with a stage in it is deployed as a whole, and by itself', async () => {
    const whole = aws.synth('staged', (app) => { serverStack(new Stage(app, 'Prod', { env: aws.env }), 'Site', { marker: 'staged' }); });
    const first = await aws.deploy(['--app', whole, 'Prod/*']);
    expect([first.exitCode, first.output]).toEqual([0, expect.stringContaining('✅  Prod/Site')]);
    const before = await deployed(aws, 'Prod-Site');
    expect(before).toMatchObject({ status: 'CREATE_COMPLETE', running: before.image, alias: before.image });
    aws.activity();
    const nested = await aws.deploy(['--app', join(whole, 'assembly-Prod'), '--all']);
    expect([nested.exitCode, nested.output]).toEqual([0, expect.stringContaining('(no changes)')]);
    expect(aws.activity()).toEqual({ launches: 0, captures: 0 });
  });
});

describe('an account', () => {
  test('that is not the one of the stack is refused by the engine before its first act', async () => {
    const assembly = aws.synth('elsewhere', (app) => { serverStack(app, 'Elsewhere', { marker: 'elsewhere', env: { ...aws.env, account: OTHER_ACCOUNT } }); });
    const { files } = JSON.parse(readFileSync(join(assembly, 'Elsewhere.assets.json'), 'utf8')) as { files: { [hash: string]: { source: { executable?: string[] } } } };
    const { executable } = Object.values(files).map(({ source }) => source).find((source) => source.executable)!;
    const { exitCode, output } = await aws.command(executable!, { cwd: process.cwd() });
    expect(exitCode).toBe(1);
    expect(output).toContain(OTHER_ACCOUNT);
    expect(output).toContain('Elsewhere/Web');
    expect(aws.activity()).toEqual({ launches: 0, captures: 0 });
  });

  test('that a stack leaves open is refused, unless the delivery allows it', async () => {
    const synth = (name: string, delivery: Delivery) => aws.synth(name, (app) => { serverStack(app, 'Anywhere', { marker: 'anywhere', image: { delivery } }); });
    const refused = await aws.deploy(['--app', synth('agnostic', Delivery.onDeploy())]);
    expect([refused.exitCode, refused.output]).toEqual([1, expect.stringContaining('Delivery.onDeploy({ anyEnvironment: true })')]);
    expect(aws.activity()).toEqual({ launches: 0, captures: 0 });
    expect(await aws.stack('Anywhere')).toBeUndefined();

    const allowed = await aws.deploy(['--app', synth('any', Delivery.onDeploy({ anyEnvironment: true }))]);
    expect([allowed.exitCode, allowed.output]).toEqual([0, expect.stringContaining('✅  Anywhere')]);
    const { status, image, running } = await deployed(aws, 'Anywhere');
    expect({ status, running }).toEqual({ status: 'CREATE_COMPLETE', running: image });
  });
});

describe('credentials', () => {
  const away = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined, AWS_PROFILE: undefined };

  test('of a profile that only the CDK was told of are the engine\'s, too', async () => {
    const home = join(aws.work, 'home-of-profiles');
    mkdirSync(join(home, '.aws'), { recursive: true });
    writeFileSync(join(home, '.aws', 'config'), `[profile team]\nregion = ${aws.env.region}\naws_access_key_id = test\naws_secret_access_key = test\n`);
    const assembly = aws.synth('profiled', (app) => { serverStack(app, 'Profiled', { marker: 'profiled', env: aws.env }); });
    const { exitCode, output } = await aws.deploy(['--app', assembly, '--profile', 'team'], { environment: { ...away, HOME: home } });
    expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Profiled')]);
    expect(aws.activity()).toMatchObject({ captures: 1 });
  });

  test('that are missing where the engine runs are asked for in words that can be typed', async () => {
    const assembly = aws.synth('without', (app) => { serverStack(app, 'Without', { marker: 'without', env: aws.env }); });
    const { files } = JSON.parse(readFileSync(join(assembly, 'Without.assets.json'), 'utf8')) as { files: { [hash: string]: { source: { executable?: string[] } } } };
    const { executable } = Object.values(files).map(({ source }) => source).find((source) => source.executable)!;
    const { exitCode, output } = await aws.command(executable!, { cwd: process.cwd(), environment: away });
    expect([exitCode, output]).toEqual([1, expect.stringMatching(/AWS_PROFILE=\S+ cdk deploy/)]);
  });
});

describe('what the engine does meanwhile', () => {
  const TERMINAL = 'import os, pty, sys\nsys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))';

  test('is seen on a terminal', async () => {
    const assembly = aws.synth('watched', (app) => { serverStack(app, 'Watched', { marker: 'watched', env: aws.env, lines: ['echo working'] }); });
    const { exitCode, output } = await aws.command(
      ['python3', '-c', TERMINAL, 'cdk', 'deploy', '--require-approval', 'never', '--no-notices', '--app', assembly], { environment: { CI: undefined, TERM: 'dumb' } },
    );
    expect(exitCode).toBe(0);
    expect(output).toContain('Watched/Web | [2/2] Shell');
    expect(output).toMatch(/Watched\/Web \| built in [0-9.]+ s: ami-[0-9a-f]+/);
  });

  test('is in a log that the CDK names where there is none', async () => {
    const assembly = aws.synth('logged', (app) => { serverStack(app, 'Logged', { marker: 'logged', env: aws.env, lines: ['echo working'] }); });
    const { exitCode, output } = await aws.deploy(['--app', assembly]);
    expect([exitCode, output]).toEqual([0, expect.stringMatching(/golden image Logged\/Web \(log: \S*golden\/LoggedWeb[0-9A-F]+\.log\)/)]);
    const folder = join(assembly, 'golden');
    const [log] = readdirSync(folder).filter((name) => name.endsWith('.log'));
    expect(readFileSync(join(folder, log), 'utf8')).toMatch(/Logged\/Web \| .*working/);
  });
});

test('an image is used in another account: that account is told of it by its role, and may launch it', async () => {
  const { Credentials } = await new STSClient(place()).send(new AssumeRoleCommand({ RoleArn: `arn:aws:iam::${OTHER_ACCOUNT}:role/admin`, RoleSessionName: 'test' }));
  const there = {
    AWS_ACCESS_KEY_ID: Credentials!.AccessKeyId, AWS_SECRET_ACCESS_KEY: Credentials!.SecretAccessKey, AWS_SESSION_TOKEN: Credentials!.SessionToken,
  };
  const bootstrap = await aws.cdk([
    'bootstrap', `aws://${OTHER_ACCOUNT}/${aws.env.region}`, '--trust', aws.env.account, '--cloudformation-execution-policies', 'arn:aws:iam::aws:policy/AdministratorAccess',
  ], { environment: there });
  expect([bootstrap.exitCode, bootstrap.output]).toEqual([0, expect.any(String)]);

  const other = { ...aws.env, account: OTHER_ACCOUNT };
  const assembly = aws.synth('accounts', (app) => {
    new DeliveryRole(new Stack(app, 'Access', { env: other }), 'Role', { builders: [new iam.AccountPrincipal(aws.env.account)] });
    const image = markedImage(new Stack(app, 'SharedImages', { env: aws.env }), 'Web', { marker: 'shared', image: { encrypted: false } });
    instanceOf(new Stack(app, 'There', { env: other }), image);
  });
  const access = await aws.deploy(['--app', assembly, 'Access']);
  expect([access.exitCode, access.output]).toEqual([0, expect.stringContaining('✅  Access')]);
  const all = await aws.deploy(['--app', assembly, 'There']);
  expect([all.exitCode, all.output]).toEqual([0, expect.stringContaining('✅  There')]);

  const image = /There\.Image = (ami-[0-9a-f]+)/.exec(all.output)![1];
  const { LaunchPermissions } = await new EC2Client(place()).send(new DescribeImageAttributeCommand({ ImageId: image, Attribute: 'launchPermission' }));
  expect(LaunchPermissions).toEqual([{ UserId: OTHER_ACCOUNT }]);
});

test('a stack of what was built before is deployed once it was, and builds nothing', async () => {
  const assembly = aws.synth('prebuilt', (app) => { serverStack(app, 'Prebuilt', { marker: 'prebuilt', env: aws.env, image: { delivery: Delivery.prebuilt() } }); });
  const early = await aws.deploy(['--app', assembly]);
  expect([early.exitCode, early.output]).toEqual([1, expect.stringContaining('Unable to fetch parameters [/golden/images/')]);

  const build = await aws.command(['node', GOLDEN, 'build', '--host', 'ec2', '--app', assembly]);
  expect([build.exitCode, build.output]).toEqual([0, expect.stringContaining('built')]);
  expect(aws.activity()).toMatchObject({ captures: 1 });

  const { exitCode, output } = await aws.deploy(['--app', assembly]);
  expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Prebuilt')]);
  expect(aws.activity()).toEqual({ launches: 1, captures: 0 });
  const { image, running, alias } = await deployed(aws, 'Prebuilt');
  expect({ running, alias }).toEqual({ running: image, alias: image });
});
