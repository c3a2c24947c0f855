import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { CloudFormationClient, DescribeStacksCommand, type Stack as StackOfCloudFormation } from '@aws-sdk/client-cloudformation';
import { DescribeImagesCommand, DescribeInstancesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { App } from 'aws-cdk-lib';
import { startCloud, type Cloud } from './cloud/cloud';
import { createMachineProvider } from './cloud/machines/create-machine-provider';
import { createSsmService, type TestableSsmService } from './cloud/ssm/create-ssm-service';
import { PROJECT } from './golden';
import type { Plan } from '../../lib/plan/model';
import { run } from '../../lib/process';

/** What a command said: both streams in the order in which they came. */
export interface Said {
  readonly exitCode: number;
  readonly output: string;
  readonly seconds: number;
}

export interface CdkOptions {
  /** @default a folder of its own, in which nothing lies */
  readonly cwd?: string;
  /** Beside that of the account; undefined takes something away. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** The CDK's command line on an emulated AWS whose machines really run commands. */
export interface CdkDeploy {
  readonly cloud: Cloud<TestableSsmService>;
  readonly work: string;
  readonly env: { readonly account: string; readonly region: string };
  /** Where nothing of AWS is but what is said here. */
  readonly environment: NodeJS.ProcessEnv;
  cdk(args: readonly string[], options?: CdkOptions): Promise<Said>;
  /** `cdk deploy` of an assembly or, in a folder with a cdk.json, of its app. */
  deploy(args: readonly string[], options?: CdkOptions): Promise<Said>;
  /** Any other command, with the same environment. */
  command(argv: readonly string[], options?: CdkOptions): Promise<Said>;
  /** Writes an assembly, and returns its folder. */
  synth(name: string, declare: (app: App) => void): string;
  /** A copy of an example that uses this working tree. */
  example(name: string): string;
  /** Machines that were launched, and images that were captured, since this was asked last. */
  activity(): { readonly launches: number; readonly captures: number };
  stack(name: string, region?: string): Promise<StackOfCloudFormation | undefined>;
  output(stack: string, name: string, region?: string): Promise<string | undefined>;
  parameter(name: string, region?: string): Promise<string | undefined>;
  /** The AMI that an instance was started from. */
  imageOf(instanceId: string, region?: string): Promise<string | undefined>;
  /** IDs of the AMIs of the account. */
  images(region?: string): Promise<string[]>;
  stop(): Promise<void>;
}

export async function startCdkDeploy(): Promise<CdkDeploy> {
  const cloud = await startCloud({ machines: createMachineProvider('light'), ssm: createSsmService });
  const work = mkdtempSync(join(tmpdir(), 'golden-deploy-'));
  const environment: NodeJS.ProcessEnv = {
    PATH: `${join(PROJECT, 'node_modules', '.bin')}:${process.env.PATH}`,
    HOME: join(work, 'home'),
    GOLDEN_HOME: join(work, 'golden'),
    AWS_EC2_METADATA_DISABLED: 'true',
    CDK_DISABLE_CLI_TELEMETRY: 'true',
    CDK_DISABLE_VERSION_CHECK: 'true',
    NODE_NO_WARNINGS: '1',
    NO_COLOR: '1',
    CI: '1',
    ...cloud.environment,
  };
  mkdirSync(join(work, 'home'));
  const credentials = { accessKeyId: cloud.environment.AWS_ACCESS_KEY_ID, secretAccessKey: cloud.environment.AWS_SECRET_ACCESS_KEY };
  const place = (region = cloud.region) => ({ region, endpoint: cloud.endpoint, credentials });
  let empty = 0;

  const command = async (argv: readonly string[], { cwd, environment: more }: CdkOptions = {}): Promise<Said> => {
    const started = Date.now();
    const folder = cwd ?? join(work, `empty-${empty++}`);
    mkdirSync(folder, { recursive: true });
    const pieces: Buffer[] = [];
    const keep = (data: Buffer) => { pieces.push(data); };
    const { exitCode } = await run(argv, { cwd: folder, env: { ...environment, ...more }, onStdout: keep, onStderr: keep, timeoutMs: 600_000 });
    return { exitCode, output: Buffer.concat(pieces).toString(), seconds: (Date.now() - started) / 1000 };
  };
  const cdk = (args: readonly string[], options?: CdkOptions) => command(['cdk', ...args, '--no-notices'], options);
  const stack = async (StackName: string, region?: string) => {
    try {
      return (await new CloudFormationClient(place(region)).send(new DescribeStacksCommand({ StackName }))).Stacks?.[0];
    } catch (error) {
      if (/does not exist/.test((error as Error).message)) { return undefined; }
      throw error;
    }
  };
  let seen = 0;
  return {
    cloud,
    work,
    env: { account: cloud.account, region: cloud.region },
    environment,
    cdk,
    command,
    deploy: (args, options) => cdk(['deploy', '--require-approval', 'never', ...args], options),
    synth: (name, declare) => {
      const app = new App({ outdir: join(work, name) });
      declare(app);
      app.synth();
      return join(work, name);
    },
    example: (name) => {
      const folder = join(work, 'examples', name);
      cpSync(join(PROJECT, 'examples', name), folder, { recursive: true });
      symlinkSync(join(PROJECT, 'node_modules'), join(folder, 'node_modules'));
      // As if it were installed.
      const compilerOptions = { esModuleInterop: true, paths: { 'cdk-golden-image': [join(PROJECT, 'lib', 'index.ts')] } };
      writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions }));
      return folder;
    },
    activity: () => {
      const calls = cloud.calls.slice(seen);
      seen = cloud.calls.length;
      const count = (action: string) => calls.filter((call) => call.action === action && call.status === 200).length;
      return { launches: count('RunInstances'), captures: count('CreateImage') };
    },
    stack,
    output: async (name, output, region) => (await stack(name, region))?.Outputs?.find(({ OutputKey }) => OutputKey === output)?.OutputValue,
    parameter: async (Name, region) => {
      try {
        return (await new SSMClient(place(region)).send(new GetParameterCommand({ Name }))).Parameter?.Value;
      } catch (error) {
        if ((error as Error).name === 'ParameterNotFound') { return undefined; }
        throw error;
      }
    },
    imageOf: async (id, region) => (
      (await new EC2Client(place(region)).send(new DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations?.[0]?.Instances?.[0]?.ImageId
    ),
    images: async (region) => (await new EC2Client(place(region)).send(new DescribeImagesCommand({ Owners: ['self'] }))).Images!.map(({ ImageId }) => ImageId!).sort(),
    stop: async () => {
      await cloud.stop();
      rmSync(work, { recursive: true, force: true });
    },
  };
}

/** The plan of an image in an assembly. */
export function planIn(assembly: string, file: string): Plan {
  return JSON.parse(readFileSync(join(assembly, `${file}.golden-plan.json`), 'utf8')) as Plan;
}
