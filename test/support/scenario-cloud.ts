import { DescribeInstancesCommand, EC2Client, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand, STSClient } from '@aws-sdk/client-sts';
import { startCloud, type Cloud } from './cloud/cloud';
import { Source, type BuilderOptions } from '../../lib';
import { createMachineProvider, type MachineKind } from './cloud/machines/create-machine-provider';
import { createSsmService, type TestableSsmService } from './cloud/ssm/create-ssm-service';

/** An account that scenarios run in: the emulated one or, with GOLDEN_ACCOUNT=real, the one that the environment leads to. */
export interface ScenarioCloud {
  readonly account: string;
  readonly region: string;
  readonly otherRegion: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly source: Source;
  readonly builder: BuilderOptions;
  /** Ends all instances that our builds run, as a failure of their hardware would. */
  loseMachines(): Promise<void>;
  /** Takes back all faults. */
  calm(): Promise<void>;
  /** What only an emulated account can be told to do. */
  readonly emulated?: EmulatedFaults;
  stop(): Promise<void>;
}

export interface EmulatedFaults {
  readonly cloud: Cloud<TestableSsmService>;
  /** Cuts every connection to a machine, and the answers of Systems Manager that are on their way. */
  cutConnections(): void;
  /** Every image that is captured from now on fails while it is pending. */
  failCaptures(): void;
  /** So does every copy. */
  failCopies(): void;
}

export function scenarioCloud(kind: MachineKind): Promise<ScenarioCloud> {
  return process.env.GOLDEN_ACCOUNT === 'real' ? realCloud() : emulatedCloud(kind);
}

async function realCloud(): Promise<ScenarioCloud> {
  const region = process.env.AWS_REGION ?? 'us-east-2';
  const { Account: account } = await new STSClient({ region }).send(new GetCallerIdentityCommand({}));
  return {
    account: account!,
    region,
    otherRegion: process.env.GOLDEN_OTHER_REGION ?? 'us-west-2',
    environment: {},
    source: Source.ubuntu('24.04'),
    builder: {},
    loseMachines: () => terminateAll(new EC2Client({ region })),
    calm: async () => { /* it has no faults of ours */ },
    stop: async () => { /* it goes on */ },
  };
}

async function emulatedCloud(kind: MachineKind): Promise<ScenarioCloud> {
  const machines = createMachineProvider(kind);
  const cloud = await startCloud({ machines, ssm: createSsmService });
  const { environment: { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }, region, endpoint, faults } = cloud;
  const credentials = { accessKeyId: AWS_ACCESS_KEY_ID, secretAccessKey: AWS_SECRET_ACCESS_KEY };
  const client = () => new EC2Client({ region, endpoint, credentials });
  return {
    account: cloud.account,
    region,
    otherRegion: 'us-west-2',
    environment: { ...cloud.environment, GOLDEN_CALLER_ADDRESS: '127.0.0.1' },
    source: Source.ubuntu('24.04'),
    builder: {},
    loseMachines: () => terminateAll(client()),
    calm: async () => faults.clear(),
    emulated: {
      cloud,
      cutConnections: () => {
        for (const id of cloud.world.region(region).instances.keys()) { machines.dropConnections(id); }
        cloud.ssm.dropSessions();
        faults.inject({ action: 'GetCommandInvocation', kind: 'timeout-after-effect' });
        faults.inject({ action: 'SendCommand', kind: 'timeout-after-effect' });
      },
      failCaptures: () => faults.inject({ action: 'CreateImage', kind: 'async-failure', times: 100 }),
      failCopies: () => faults.inject({ action: 'CopyImage', kind: 'async-failure', times: 100 }),
    },
    stop: () => cloud.stop(),
  };
}

async function terminateAll(ec2: EC2Client): Promise<void> {
  const { Reservations = [] } = await ec2.send(new DescribeInstancesCommand({ Filters: [{ Name: 'tag:golden:managed', Values: ['true'] }, { Name: 'instance-state-name', Values: ['pending', 'running'] }] }));
  const ids = Reservations.flatMap(({ Instances = [] }) => Instances.map(({ InstanceId }) => InstanceId!));
  if (ids.length > 0) { await ec2.send(new TerminateInstancesCommand({ InstanceIds: ids })); }
}
