import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'fs';
import { basename, join } from 'path';
import { DeregisterImageCommand, EC2Client } from '@aws-sdk/client-ec2';
import { CreateSecretCommand, PutSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { DeleteParameterCommand, GetParameterCommand, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { App, Stack, Stage } from 'aws-cdk-lib';
import { AmiImage, Communicator, Provisioner, SecretRef, Source, type AmiImageProps } from '../../lib';
import { startAccountCli, type AccountCli, type CliRun } from '../support/account-cli';

let account: AccountCli;
beforeAll(async () => { account = await startAccountCli(); });
afterAll(() => account?.stop());
beforeEach(() => account.reset());

// Each test is several builds.
jest.setTimeout(240_000);

const quick: Partial<AmiImageProps> = { builder: { communicator: Communicator.ssh() } };
const shell = (...lines: string[]) => Provisioner.shell({ inline: lines });
const client = () => ({ region: account.cloud.region, endpoint: account.cloud.endpoint });
const folderOf = (assembly: string) => join(account.folder, assembly);
const planOf = (assembly: string, id: string) => (
  join(folderOf(assembly), readdirSync(folderOf(assembly)).find((name) => name.endsWith('.golden-plan.json') && name.includes(id))!)
);
const logOf = (plan: string) => `${basename(plan, '.golden-plan.json')}.log`;
const parameterOf = (assembly: string, id: string) => (
  (JSON.parse(readFileSync(planOf(assembly, id), 'utf8')) as { readonly delivery: { readonly parameterName: string } }).delivery.parameterName
);
const apply = (plan: string, ...args: readonly string[]): Promise<CliRun> => account.golden(['apply', '--plan', plan, ...args]);
const valueOf = async (Name: string) => (await new SSMClient(client()).send(new GetParameterCommand({ Name }))).Parameter?.Value;
const acts = () => account.cloud.calls.map(({ action }) => action).filter((action) => !/^(Describe|Get|List|Head)/.test(action!));
/** What the receipt says that was printed, and nothing else was. */
function receiptOf({ out, err, exitCode }: CliRun): string {
  expect({ exitCode, err }).toEqual({ exitCode: 0, err: '' });
  expect(out).toMatch(/^\/[^\n]+\n$/);
  expect(statSync(out.trim()).size).toBeLessThanOrEqual(22);
  return readFileSync(out.trim(), 'utf8');
}

test('builds the image, prints the path of a small receipt and nothing else, and logs beside the engine; the second time it changes nothing', async () => {
  account.declare('app', { Web: { ...quick, provisioners: [shell('echo "so far so good"')] } });
  const imageId = receiptOf(await apply(planOf('app', 'Web')));
  expect(imageId).toMatch(/^ami-[0-9a-f]{17}$/);
  expect(await valueOf(parameterOf('app', 'Web'))).toBe(imageId);
  const log = join(folderOf('app'), 'golden', logOf(planOf('app', 'Web')));
  expect(readFileSync(log, 'utf8')).toMatch(/^\d{4}-\d\d-\d\dT\S+Z Stack\/Web \| building on the host ec2[^]*\| \[1\/1\]   so far so good\n[^]*\| built in .*: ami-/);
  account.cloud.calls.length = 0;
  expect(receiptOf(await apply(planOf('app', 'Web')))).toBe(imageId);
  expect(acts()).toEqual([]);
  expect(readFileSync(log, 'utf8')).toContain(`| unchanged: ${imageId}\n`);
});

test('an image with a secret is not built again on another computer, but when the secret has another version', async () => {
  const secrets = new SecretsManagerClient(client());
  await secrets.send(new CreateSecretCommand({ Name: 'token', SecretString: 'hush hush' }));
  account.declare('app', { Web: { ...quick, provisioners: [Provisioner.shell({ inline: ['test -n "$TOKEN"'], secrets: { TOKEN: SecretRef.secretsManager('token') } })] } });
  const imageId = receiptOf(await apply(planOf('app', 'Web')));
  const elsewhere = () => account.golden(['apply', '--plan', planOf('app', 'Web')], { computer: 'elsewhere' });
  expect(receiptOf(await elsewhere())).toBe(imageId);
  await secrets.send(new PutSecretValueCommand({ SecretId: 'token', SecretString: 'another word' }));
  expect(receiptOf(await elsewhere())).not.toBe(imageId);
  expect(readFileSync(join(folderOf('app'), 'golden', logOf(planOf('app', 'Web'))), 'utf8')).not.toMatch(/hush|another word/);
});

test('what was deregistered is built again, and the parameter names the new image', async () => {
  account.declare('app', { Web: quick });
  const first = receiptOf(await apply(planOf('app', 'Web')));
  await new EC2Client(client()).send(new DeregisterImageCommand({ ImageId: first }));
  const second = receiptOf(await apply(planOf('app', 'Web')));
  expect(second).not.toBe(first);
  expect(await valueOf(parameterOf('app', 'Web'))).toBe(second);
});

test('a parameter that was deleted is written again without a build', async () => {
  account.declare('app', { Web: quick });
  const imageId = receiptOf(await apply(planOf('app', 'Web')));
  const Name = parameterOf('app', 'Web');
  await new SSMClient(client()).send(new DeleteParameterCommand({ Name }));
  account.cloud.calls.length = 0;
  expect(receiptOf(await apply(planOf('app', 'Web')))).toBe(imageId);
  expect(acts()).toEqual(['PutParameter']);
  expect(await valueOf(Name)).toBe(imageId);
});

test('an alias that is there names the image from then on, and one that is not is not made', async () => {
  account.declare('app', { Web: quick });
  const ssm = new SSMClient(client());
  const imageId = receiptOf(await apply(planOf('app', 'Web'), '--alias', '/golden/aliases/web'));
  await expect(valueOf('/golden/aliases/web')).rejects.toMatchObject({ name: 'ParameterNotFound' });
  await ssm.send(new PutParameterCommand({ Name: '/golden/aliases/web', Value: 'another', Type: 'String' }));
  receiptOf(await apply(planOf('app', 'Web'), '--alias', '/golden/aliases/web'));
  expect(await valueOf('/golden/aliases/web')).toBe(imageId);
});

test('a provisioner that fails says where and why, with its last lines and the log, where the CDK prints it', async () => {
  const lines = Array.from({ length: 30 }, (_, i) => `echo line ${i}`);
  account.declare('app', { Web: { ...quick, provisioners: [shell(...lines, 'echo broken >&2', 'exit 7')] } });
  const { exitCode, out, err } = await apply(planOf('app', 'Web'));
  expect([exitCode, out]).toEqual([1, '']);
  expect(err).toMatch(/^not built\n\nStack\/Web\/\S+: .*exit code 7[^]*\nThe last lines of its output:\n/);
  expect(err).toContain('  [1/1]   line 29\n');
  expect(err).toContain('broken');
  expect(err).not.toContain('line 5\n');
  expect(err.endsWith(`\nAll of it: ${join(folderOf('app'), 'golden', logOf(planOf('app', 'Web')))}\n`)).toBe(true);
  expect(await account.left()).toEqual([]);
});

test('another account than the one of the stack is refused before anything else is asked', async () => {
  const app = new App({ outdir: folderOf('app') });
  new AmiImage(new Stack(app, 'Stack', { env: { region: account.cloud.region, account: '999999999999' } }), 'Web', { source: Source.ubuntu('24.04'), ...quick });
  app.synth();
  const { exitCode, err } = await apply(planOf('app', 'Web'));
  expect(exitCode).toBe(1);
  expect(err).toContain('Stack/Web: The image is for account 999999999999, and these credentials are of 123456789012');
  expect(err).toContain('Type: AWS_PROFILE=NAME cdk deploy ...');
  expect(err).toContain('Delivery.onDeploy({ buildRoleArn })');
  expect(account.cloud.calls.map(({ action }) => action)).toEqual(['GetCallerIdentity']);
});

test('a stack without account and region is refused before anything is asked, unless any is allowed', async () => {
  const app = new App({ outdir: folderOf('app') });
  new AmiImage(new Stack(app, 'Stack'), 'Web', { source: Source.ubuntu('24.04'), ...quick });
  app.synth();
  const { exitCode, err } = await apply(planOf('app', 'Web'));
  expect([exitCode, err]).toEqual([1, expect.stringContaining('Stack/Web: Its stack does not say which account and region it is for, so nothing was built')]);
  expect(account.cloud.calls).toEqual([]);
  expect(receiptOf(await apply(planOf('app', 'Web'), '--any-environment'))).toMatch(/^ami-/);
});

test('an image of a stage has its log beside the engine of the outermost assembly, from a folder that was moved as well', async () => {
  const app = new App({ outdir: folderOf('app') });
  const stage = new Stage(app, 'Prod', { env: { region: account.cloud.region, account: account.cloud.account } });
  const stack = new Stack(stage, 'Stack');
  const base = new AmiImage(stack, 'Base', { source: Source.ubuntu('24.04'), ...quick });
  new AmiImage(stack, 'Web', { source: Source.image(base), ...quick });
  app.synth();
  renameSync(folderOf('app'), folderOf('moved'));
  const nested = join(folderOf('moved'), 'assembly-Prod');
  const plan = join(nested, readdirSync(nested).find((name) => name.endsWith('.golden-plan.json') && name.includes('Web'))!);
  expect(receiptOf(await apply(plan))).toMatch(/^ami-/);
  const log = readFileSync(join(folderOf('moved'), 'golden', logOf(plan)), 'utf8');
  expect(log).toMatch(/Prod\/Stack\/Base \| built in [^]*Prod\/Stack\/Web \| built in /);
  expect((await account.cloud.resources()).images).toHaveLength(2);
});

test('an image whose parent fails says what the parent died of', async () => {
  const app = new App({ outdir: folderOf('app') });
  const stack = new Stack(app, 'Stack', { env: { region: account.cloud.region, account: account.cloud.account } });
  const base = new AmiImage(stack, 'Base', { source: Source.ubuntu('24.04'), ...quick, provisioners: [shell('echo no luck', 'false')] });
  new AmiImage(stack, 'Web', { source: Source.image(base), ...quick });
  app.synth();
  const { exitCode, err } = await apply(planOf('app', 'Web'));
  expect(exitCode).toBe(1);
  expect(err).toMatch(/^not built\n\nStack\/Base\/\S+: /);
  expect(err).toContain('\nStack/Web: It starts from Stack/Base, which was not built\n');
  expect(err).toContain('no luck');
});

test('where the assembly may not be written to, the log is in the state folder', async () => {
  account.declare('app', { Web: quick });
  const golden = join(folderOf('app'), 'golden', logOf(planOf('app', 'Web')));
  // Not even root writes a file in place of a folder.
  mkdirSync(golden, { recursive: true });
  receiptOf(await apply(planOf('app', 'Web')));
  const log = join(account.folder, 'computers', 'here', 'logs', logOf(planOf('app', 'Web')));
  expect(existsSync(log) && readFileSync(log, 'utf8')).toContain('built in');
});

test('a plan that is not there is told as any failure', async () => {
  const { exitCode, out, err } = await apply(join(account.folder, 'gone.golden-plan.json'));
  expect([exitCode, out]).toEqual([1, '']);
  expect(err).toMatch(/^not built\n\nerror: .*gone\.golden-plan\.json does not exist/);
});
