import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import type { Plan } from '../../lib/plan/model';
import { run, type RunResult } from '../../lib/process';
import { PROJECT } from '../support/golden';
import { startMoto, type Moto } from '../support/moto';

// The CDK's own command line, on an emulated AWS: what a user of the images does after `golden build`.
const work = mkdtempSync(join(tmpdir(), 'golden-cdk-'));
const assembly = join(work, 'cdk.out');
const app = `tsx ${join(PROJECT, 'test', 'e2e', 'apps', 'deployed.ts')}`;
let moto: Moto;

beforeAll(async () => { moto = await startMoto(); }, 420_000);
afterAll(async () => {
  await moto?.stop();
  rmSync(work, { recursive: true, force: true });
});

/** Runs `cdk` as in a shell that has nothing of AWS but what is given, and no home where anything could lie. */
function cdk(args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<RunResult> {
  const home = mkdtempSync(join(work, 'home-'));
  // Reporting adds a resource of its own to every stack, and a stack of images has to do without.
  return run(['cdk', ...args, '--no-notices', '--no-version-reporting'], {
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
    timeoutMs: 120_000,
  });
}

async function deploy(stack: string): Promise<void> {
  const result = await cdk(['deploy', stack, '--app', assembly, '--require-approval', 'never'], moto.environment);
  expect(`${result.stdout}${result.stderr}`).toContain(`✅  ${stack}`);
  expect(result.exitCode).toBe(0);
}

const statusOf = async (StackName: string) => (
  /<StackStatus>(.*?)<\/StackStatus>/.exec(await moto.query('cloudformation', '2010-05-15', 'DescribeStacks', { StackName }))?.[1]
);

/** Names and values of the SSM parameters below a path. */
async function parametersBelow(Path: string): Promise<{ readonly [name: string]: string }> {
  const answer = JSON.parse(await moto.json('ssm', 'AmazonSSM.GetParametersByPath', { Path, Recursive: true }));
  return Object.fromEntries((answer.Parameters as { Name: string; Value: string }[]).map(({ Name, Value }) => [Name, Value]));
}

function planOf(image: string): Plan {
  const { artifacts } = JSON.parse(readFileSync(join(assembly, 'manifest.json'), 'utf8')) as {
    artifacts: { [id: string]: { type: string; properties?: { file?: string } } };
  };
  const files = Object.values(artifacts).map(({ properties }) => properties?.file).filter((file) => file?.endsWith('.golden-plan.json'));
  return files.map((file) => JSON.parse(readFileSync(join(assembly, file!), 'utf8')) as Plan).find((plan) => plan.image === image)!;
}

test('cdk synth needs no credentials, and says nothing against a stack with nothing but images', async () => {
  const result = await cdk(['synth', '--app', app, '--output', assembly, '--strict']);

  expect(`${result.stdout}${result.stderr}`).toContain(`Successfully synthesized to ${assembly}`);
  expect(`${result.stdout}${result.stderr}`).not.toMatch(/warning|error/i);
  // A warning would be an exit code, too: `--strict`.
  expect(result.exitCode).toBe(0);
  expect(planOf('Images/Web').definitionHash).toMatch(/^[0-9a-f]{64}$/);
});

test('cdk bootstrap and cdk deploy create a stack with nothing but images', async () => {
  const bootstrap = await cdk(['bootstrap', `aws://${moto.account}/${moto.region}`], moto.environment);
  expect({ exitCode: bootstrap.exitCode, stack: await statusOf('CDKToolkit') }).toEqual({ exitCode: 0, stack: 'CREATE_COMPLETE' });

  await deploy('Images');

  expect(await statusOf('Images')).toBe('CREATE_COMPLETE');
  expect(Object.values(await parametersBelow('/golden/definitions'))).toEqual(
    expect.arrayContaining(['Images/Web', 'Images/Worker'].map((image) => planOf(image).definitionHash)),
  );
  expect(Object.keys(await parametersBelow('/golden/images'))).toEqual([]);
});

test('an instance runs the AMI that was recorded under the hash of its image', async () => {
  const registered = await moto.query('ec2', '2016-11-15', 'RegisterImage', { Name: 'web', RootDeviceName: '/dev/sda1', Architecture: 'x86_64' });
  const ami = /<imageId>(ami-[0-9a-f]+)<\/imageId>/.exec(registered)![1];
  const Name = `/golden/images/${planOf('Images/Web').definitionHash}`;
  await moto.json('ssm', 'AmazonSSM.PutParameter', { Name, Value: ami, Type: 'String', DataType: 'aws:ec2:image' });

  await deploy('Service');

  expect(await statusOf('Service')).toBe('CREATE_COMPLETE');
  const instances = await moto.query('ec2', '2016-11-15', 'DescribeInstances');
  expect([...instances.matchAll(/<imageId>(.*?)<\/imageId>/g)].map(([, id]) => id)).toEqual([ami]);
});
