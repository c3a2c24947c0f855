import { AutoScaling } from '@aws-sdk/client-auto-scaling';
import { CloudFormation } from '@aws-sdk/client-cloudformation';
import { CloudWatchLogs } from '@aws-sdk/client-cloudwatch-logs';
import { CodeBuild } from '@aws-sdk/client-codebuild';
import { EC2, type Instance, type RunInstancesCommandInput } from '@aws-sdk/client-ec2';
import { EventBridge } from '@aws-sdk/client-eventbridge';
import { IAM } from '@aws-sdk/client-iam';
import { Lambda } from '@aws-sdk/client-lambda';
import { S3 } from '@aws-sdk/client-s3';
import { SecretsManager } from '@aws-sdk/client-secrets-manager';
import { SNS } from '@aws-sdk/client-sns';
import { SSM } from '@aws-sdk/client-ssm';
import { STS } from '@aws-sdk/client-sts';
import { until } from './until';
import type { Cloud } from '../support/cloud/cloud';

/** Clients of every service of the cloud, which try once. */
export interface CloudClients {
  readonly ec2: EC2;
  readonly west: EC2;
  readonly ssm: SSM;
  readonly sts: STS;
  readonly iam: IAM;
  readonly s3: S3;
  readonly secrets: SecretsManager;
  readonly autoScaling: AutoScaling;
  readonly cloudFormation: CloudFormation;
  readonly lambda: Lambda;
  readonly codeBuild: CodeBuild;
  readonly events: EventBridge;
  readonly sns: SNS;
  readonly logs: CloudWatchLogs;
  end(): void;
}

export function cloudClients(
  { endpoint, region }: Pick<Cloud, 'endpoint' | 'region'>, credentials = { accessKeyId: 'test', secretAccessKey: 'test' },
): CloudClients {
  const common = { endpoint, region, credentials, maxAttempts: 1 };
  const clients = {
    ec2: new EC2(common),
    west: new EC2({ ...common, region: 'eu-west-1' }),
    ssm: new SSM(common),
    sts: new STS(common),
    iam: new IAM(common),
    s3: new S3({ ...common, forcePathStyle: true }),
    secrets: new SecretsManager(common),
    autoScaling: new AutoScaling(common),
    cloudFormation: new CloudFormation(common),
    lambda: new Lambda(common),
    codeBuild: new CodeBuild(common),
    events: new EventBridge(common),
    sns: new SNS(common),
    logs: new CloudWatchLogs(common),
  };
  return { ...clients, end: () => { for (const client of Object.values(clients)) { client.destroy(); } } };
}

/** The newest Debian 12 of a region. */
export async function debian(ec2: EC2): Promise<string> {
  const { Images = [] } = await ec2.describeImages({ Owners: ['136693071363'], Filters: [{ Name: 'name', Values: ['debian-12-amd64-*'] }] });
  return Images.sort((a, b) => a.CreationDate! < b.CreationDate! ? 1 : -1)[0].ImageId!;
}

export async function launch(ec2: EC2, input: Partial<RunInstancesCommandInput> = {}): Promise<Instance> {
  const { Instances } = await ec2.runInstances({ ImageId: await debian(ec2), InstanceType: 't3.micro', MinCount: 1, MaxCount: 1, ...input });
  return Instances![0];
}

export async function describe1(ec2: EC2, id: string): Promise<Instance> {
  return (await ec2.describeInstances({ InstanceIds: [id] })).Reservations![0].Instances![0];
}

export async function reach(ec2: EC2, id: string, state: string): Promise<void> {
  await until(async () => (await describe1(ec2, id)).State!.Name === state);
}

/** An instance that runs. */
export async function running(ec2: EC2, input: Partial<RunInstancesCommandInput> = {}): Promise<string> {
  const { InstanceId } = await launch(ec2, input);
  await reach(ec2, InstanceId!, 'running');
  return InstanceId!;
}

/** An image of an instance that is gone. */
export async function image(ec2: EC2, name = 'web 0123456789abcdef', input: Partial<RunInstancesCommandInput> = {}): Promise<string> {
  const id = await running(ec2, input);
  const { ImageId } = await ec2.createImage({ InstanceId: id, Name: name, NoReboot: true });
  await available(ec2, ImageId!);
  await ec2.terminateInstances({ InstanceIds: [id] });
  return ImageId!;
}

export async function available(ec2: EC2, id: string): Promise<void> {
  await until(async () => (await ec2.describeImages({ ImageIds: [id] })).Images![0].State === 'available');
}
