import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { Plan } from '../../lib/plan/model';
import { run, type RunResult } from '../../lib/process';
import { cloudClients, image, type CloudClients } from '../cloud/cloud-clients';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import { PROJECT } from '../support/golden';

// The CDK's own command line, on an emulated AWS: what a user of the images does after `golden build`. Each test goes on where the last one ended.
const work = mkdtempSync(join(tmpdir(), 'golden-cdk-'));
const app = `tsx ${join(PROJECT, 'test', 'e2e', 'apps', 'deployed.ts')}`;
let cloud: Cloud;
let to: CloudClients;
const amis: { [motd: string]: string } = {};

beforeAll(async () => {
  cloud = await startCloud();
  to = cloudClients(cloud);
}, 420_000);
afterAll(async () => {
  to?.end();
  await cloud?.stop();
  rmSync(work, { recursive: true, force: true });
});

/** Runs `cdk` as in a shell that has nothing of AWS but what is given, and no home where anything could lie. */
async function cdk(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<{ readonly exitCode: RunResult['exitCode']; readonly said: string }> {
  const home = mkdtempSync(join(work, 'home-'));
  // Reporting adds a resource of its own to every stack, and a stack of images has to do without.
  const { exitCode, stdout, stderr } = await run(['cdk', ...args, '--no-notices', '--no-version-reporting'], {
    cwd: work,
    env: {
      PATH: `${join(PROJECT, 'node_modules', '.bin')}:${process.env.PATH}`,
      HOME: home,
      // A machine of AWS has credentials to give.
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CDK_DISABLE_VERSION_CHECK: 'true',
      NODE_NO_WARNINGS: '1',
      NO_COLOR: '1',
      ...environment,
    },
    timeoutMs: 180_000,
  });
  return { exitCode, said: `${stdout}${stderr}` };
}

/** The app of a variant, synthesised once. */
const assemblies = new Map<string, string>();
async function synthesized(environment: NodeJS.ProcessEnv = {}): Promise<string> {
  const key = JSON.stringify(environment);
  const known = assemblies.get(key);
  if (known) { return known; }
  const assembly = join(work, `cdk-${assemblies.size}.out`);
  const { exitCode, said } = await cdk(['synth', '--app', app, '--output', assembly, '--strict'], environment);
  // A warning would be an exit code, too: `--strict`.
  expect({ exitCode, said }).toEqual({ exitCode: 0, said: expect.stringContaining(`Successfully synthesized to ${assembly}`) });
  expect(said).not.toMatch(/warning|error/i);
  assemblies.set(key, assembly);
  return assembly;
}

const onCloud = async (args: readonly string[], variant: NodeJS.ProcessEnv = {}) => cdk([...args, '--app', await synthesized(variant)], cloud.environment);
const deploy = (stack: string, variant?: NodeJS.ProcessEnv) => onCloud(['deploy', stack, '--require-approval', 'never'], variant);

const stackOf = async (StackName: string) => (await to.cloudFormation.describeStacks({ StackName })).Stacks![0];

async function planOf(name: string, variant: NodeJS.ProcessEnv = {}): Promise<Plan> {
  const assembly = await synthesized(variant);
  const { artifacts } = JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8')) as {
    artifacts: { [id: string]: { type: string; properties?: { file?: string } } };
  };
  const files = Object.values(artifacts).map(({ properties }) => properties?.file).filter((file) => file?.endsWith('.golden-plan.json'));
  return files.map((file) => JSON.parse(readFileSync(join(assembly, file!), 'utf8')) as Plan).find((plan) => plan.image === name)!;
}

/** Does what `golden build` ends with: an AMI, and its ID under the hash of the definition. */
async function built(variant: NodeJS.ProcessEnv = {}): Promise<string> {
  const { definitionHash } = await planOf('Images/Web', variant);
  const Value = await image(to.ec2, `web ${definitionHash.slice(0, 16)}`);
  await to.ssm.putParameter({ Name: `/golden/images/${definitionHash}`, Value, Type: 'String', DataType: 'aws:ec2:image' });
  return Value;
}

/** Instances that run, by their images. */
async function running(): Promise<readonly (string | undefined)[]> {
  const { Reservations = [] } = await to.ec2.describeInstances({ Filters: [{ Name: 'instance-state-name', Values: ['running'] }] });
  return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ ImageId }) => ImageId));
}

const launches = () => cloud.calls.filter(({ action, status }) => action === 'RunInstances' && status === 200).length;

test('cdk synth needs no credentials, and says nothing against a stack with nothing but images', async () => {
  await synthesized();
  expect((await planOf('Images/Web')).definitionHash).toMatch(/^[0-9a-f]{64}$/);
});

test('cdk bootstrap prepares the environment, and a second time changes nothing', async () => {
  const bootstrap = () => cdk(['bootstrap', `aws://${cloud.account}/${cloud.region}`], cloud.environment);

  expect(await bootstrap()).toMatchObject({ exitCode: 0, said: expect.stringContaining('bootstrapped.') });
  expect((await stackOf('CDKToolkit')).StackStatus).toBe('CREATE_COMPLETE');
  expect(await bootstrap()).toMatchObject({ exitCode: 0, said: expect.stringContaining('bootstrapped (no changes).') });
});

test('cdk deploy creates a stack with nothing but images', async () => {
  expect(await deploy('Images')).toMatchObject({ exitCode: 0, said: expect.stringContaining('✅  Images') });

  expect((await stackOf('Images')).StackStatus).toBe('CREATE_COMPLETE');
  const { Parameters } = await to.ssm.getParametersByPath({ Path: '/golden/definitions', Recursive: true });
  expect(Parameters!.map(({ Value }) => Value).sort()).toEqual((await Promise.all(['Images/Web', 'Images/Worker'].map(async (name) => (await planOf(name)).definitionHash))).sort());
  expect((await to.ssm.getParametersByPath({ Path: '/golden/images', Recursive: true })).Parameters).toEqual([]);
});

test('cdk diff shows an instance whose image was not built yet; only a change set cannot be made of it', async () => {
  const { definitionHash } = await planOf('Images/Web');

  expect(await onCloud(['diff', 'Service'])).toMatchObject({ exitCode: 0, said: expect.stringMatching(/Could not create a change set[^]*\[\+\] AWS::EC2::Instance/) });
  expect(await onCloud(['diff', 'Service', '--method=template'])).toMatchObject({ exitCode: 0, said: expect.stringContaining('[+] AWS::EC2::Instance') });
  expect(await onCloud(['diff', 'Service', '--method=change-set'])).toMatchObject({
    exitCode: 1, said: expect.stringContaining(`Unable to fetch parameters [/golden/images/${definitionHash}] from parameter store for this account.`),
  });
  expect((await to.cloudFormation.listStacks({ StackStatusFilter: ['REVIEW_IN_PROGRESS'] })).StackSummaries).toEqual([]);
});

test('cdk deploy launches an instance of the AMI that was recorded under the hash of its image', async () => {
  amis.hello = await built();

  expect(await deploy('Service')).toMatchObject({ exitCode: 0, said: expect.stringContaining('✅  Service') });

  expect((await stackOf('Service')).StackStatus).toBe('CREATE_COMPLETE');
  expect(await running()).toEqual([amis.hello]);
});

test('cdk deploy and cdk diff of what is deployed change nothing, and say so', async () => {
  const before = launches();

  expect(await deploy('Service')).toMatchObject({ exitCode: 0, said: expect.stringContaining('✅  Service (no changes)') });
  expect(await onCloud(['diff', 'Service', '--fail'])).toMatchObject({ exitCode: 0, said: expect.stringContaining('Number of stacks with differences: 0') });
  expect(launches()).toBe(before);
});

test('a changed image replaces the instance, and cdk diff says so before', async () => {
  amis.changed = await built({ MOTD: 'changed' });

  for (const method of ['auto', 'change-set', 'template']) {
    const { exitCode, said } = await onCloud(['diff', 'Service', `--method=${method}`], { MOTD: 'changed' });
    expect({ method, exitCode, said }).toEqual({ method, exitCode: 0, said: expect.stringMatching(/\[~\] AWS::EC2::Instance Box \w+ (replace|may be replaced)[^]*ImageId \(requires replacement\)/) });
  }
  expect(await deploy('Service', { MOTD: 'changed' })).toMatchObject({ exitCode: 0, said: expect.stringContaining('✅  Service') });

  expect((await stackOf('Service')).StackStatus).toBe('UPDATE_COMPLETE');
  expect(await running()).toEqual([amis.changed]);
});

test('a resource that cannot be made takes everything back: the old instance still runs, and the reason is shown', async () => {
  await to.ssm.putParameter({ Name: '/taken', Type: 'String', Value: 'of somebody else' });
  const before = await stackOf('Service');

  const { exitCode, said } = await deploy('Service', { TAKEN: '/taken' });
  expect(exitCode).toBe(1);
  expect(said.replace(/\s+/g, ' ')).toContain('Service/Taken/Resource (AWS::SSM::Parameter Taken');
  expect(said.replace(/\s+/g, ' ')).toContain('The parameter already exists.');

  const after = await stackOf('Service');
  expect(after.StackStatus).toBe('UPDATE_ROLLBACK_COMPLETE');
  expect(after.Outputs).toEqual(before.Outputs);
  expect(await running()).toEqual([amis.changed]);
  expect((await to.ssm.getParameter({ Name: '/taken' })).Parameter!.Value).toBe('of somebody else');
});

test('going back to the first image needs no build, and works after a deployment that failed', async () => {
  expect(await deploy('Service')).toMatchObject({ exitCode: 0, said: expect.stringContaining('✅  Service') });
  expect(await running()).toEqual([amis.hello]);
});

test('cdk destroy removes what was deployed, and no image', async () => {
  expect(await onCloud(['destroy', '--all', '--force'])).toMatchObject({ exitCode: 0, said: expect.stringContaining('✅  Images: destroyed') });

  const { StackSummaries } = await to.cloudFormation.listStacks({});
  expect(StackSummaries!.filter(({ StackStatus }) => StackStatus !== 'DELETE_COMPLETE').map(({ StackName }) => StackName)).toEqual(['CDKToolkit']);
  expect(await running()).toEqual([]);
  expect((await to.ec2.describeImages({ Owners: ['self'] })).Images!.map(({ ImageId }) => ImageId).sort()).toEqual([amis.hello, amis.changed].sort());
});
