import { createHash } from 'crypto';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import {
  DescribeImagesCommand, DescribeInstancesCommand, DescribeSecurityGroupsCommand, DescribeSnapshotsCommand, DescribeVolumesCommand, EC2Client,
  type EC2ClientConfig,
} from '@aws-sdk/client-ec2';
import { GetParametersByPathCommand, SSMClient } from '@aws-sdk/client-ssm';
import { App, Stack } from 'aws-cdk-lib';
import { golden, type GoldenOptions, type GoldenRun, type JsonEvent } from './golden';
import type { ScenarioCloud } from './scenario-cloud';
import { AmiImage, Communicator, type AmiImageProps } from '../../lib';

/** One image in an assembly of its own, and a state folder of its own: what is left there, the scenario has left. */
export interface Scenario {
  readonly image: AmiImage;
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  build(args?: readonly string[], options?: Partial<GoldenOptions>): Promise<GoldenRun>;
  command(args: readonly string[], options?: Partial<GoldenOptions>): Promise<GoldenRun>;
  /** Everything in the account that is of this image and no published image or snapshot: what a build must not leave. */
  leftovers(): Promise<string[]>;
  /** IDs of the published images, by region. */
  published(): Promise<{ readonly [region: string]: readonly string[] }>;
  /** What the parameter of the image holds, by region. */
  parameters(): Promise<{ readonly [region: string]: string }>;
  remove(): void;
}

let turn = 0;

/** Declares an image that nobody else has: its key differs in each scenario and each run. */
export function scenario(cloud: ScenarioCloud, kind: 'ssm' | 'ssh', props: Partial<AmiImageProps>): Scenario {
  const folder = mkdtempSync(join(tmpdir(), 'golden-scenario-'));
  const id = `Scenario${createHash('sha256').update(`${process.pid} ${Date.now()} ${turn++}`).digest('hex').slice(0, 8)}`;
  const app = new App({ outdir: join(folder, 'cdk.out') });
  const stack = new Stack(app, id, { env: { region: cloud.region, account: cloud.account } });
  const image = new AmiImage(stack, 'Image', {
    source: cloud.source,
    ...props,
    builder: { communicator: kind === 'ssm' ? Communicator.ssm() : Communicator.ssh(), ...cloud.builder, ...props.builder },
  });
  app.synth();

  const environment = { ...cloud.environment, GOLDEN_HOME: join(folder, 'home') };
  const command = (args: readonly string[], options: Partial<GoldenOptions> = {}) => (
    golden(args, { cwd: folder, ...options, env: { ...environment, ...options.env } })
  );
  const regions = [cloud.region, cloud.otherRegion];
  const path = image.node.path;
  return {
    image,
    folder,
    environment,
    command,
    build: (args = [], options = {}) => command(['build', '--host', 'ec2', '--app', join(folder, 'cdk.out'), '--json', ...args], options),
    leftovers: async () => (await Promise.all(regions.map((region) => leftoversIn(region, path, environment)))).flat(),
    published: async () => byRegion(regions, (region) => publishedIn(region, path, environment)),
    parameters: async () => byRegion(regions, (region) => parameterIn(region, image.parameterName, environment)),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The last event of a build. */
export function endOf(run: GoldenRun): JsonEvent {
  const last = run.events[run.events.length - 1];
  if (last?.type !== 'build.finished') { throw new Error(`The build has no end:\n${run.stdout}\n${run.stderr}`); }
  return last;
}

/** The account that the environment of a scenario leads to, which need not be that of this process. */
function client(region: string, { AWS_ENDPOINT_URL: endpoint, AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY }: NodeJS.ProcessEnv): EC2ClientConfig {
  return endpoint ? { region, endpoint, credentials: { accessKeyId: AWS_ACCESS_KEY_ID!, secretAccessKey: AWS_SECRET_ACCESS_KEY! } } : { region };
}

async function leftoversIn(region: string, image: string, environment: NodeJS.ProcessEnv): Promise<string[]> {
  const ec2 = new EC2Client(client(region, environment));
  const filters = [{ Name: 'tag:golden:image', Values: [image] }];
  const [{ Reservations = [] }, { Volumes = [] }, { SecurityGroups = [] }, { Images = [] }, { Snapshots = [] }] = await Promise.all([
    ec2.send(new DescribeInstancesCommand({ Filters: filters })),
    ec2.send(new DescribeVolumesCommand({ Filters: filters })),
    ec2.send(new DescribeSecurityGroupsCommand({ Filters: filters })),
    ec2.send(new DescribeImagesCommand({ Owners: ['self'], Filters: filters })),
    ec2.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters: filters })),
  ]);
  const instances = Reservations.flatMap((reservation) => reservation.Instances ?? []);
  const live = instances.filter(({ State }) => !['shutting-down', 'terminated'].includes(State?.Name ?? ''));
  const dying = new Set(instances.filter((instance) => !live.includes(instance)).map(({ InstanceId }) => InstanceId));
  const kept = Images.filter(({ Tags }) => ['published', 'layer'].includes(Tags?.find(({ Key }) => Key === 'golden:state')?.Value ?? ''));
  const keptSnapshots = new Set(kept.flatMap(({ BlockDeviceMappings = [] }) => BlockDeviceMappings.map(({ Ebs }) => Ebs?.SnapshotId)));
  return [
    ...live.map(({ InstanceId, State }) => `${region} ${InstanceId} ${State?.Name}`),
    // It goes with its instance.
    ...Volumes.filter(({ Attachments = [] }) => !Attachments.some(({ InstanceId }) => dying.has(InstanceId))).map(({ VolumeId }) => `${region} ${VolumeId}`),
    ...SecurityGroups.map(({ GroupId }) => `${region} ${GroupId}`),
    ...Images.filter((one) => !kept.includes(one)).map(({ ImageId, State }) => `${region} ${ImageId} ${State}`),
    ...Snapshots.filter(({ SnapshotId }) => !keptSnapshots.has(SnapshotId)).map(({ SnapshotId }) => `${region} ${SnapshotId}`),
  ];
}

async function publishedIn(region: string, image: string, environment: NodeJS.ProcessEnv): Promise<readonly string[] | undefined> {
  const { Images = [] } = await new EC2Client(client(region, environment)).send(new DescribeImagesCommand({
    Owners: ['self'], Filters: [{ Name: 'tag:golden:image', Values: [image] }, { Name: 'tag:golden:state', Values: ['published'] }],
  }));
  return Images.length > 0 ? Images.map(({ ImageId }) => ImageId!) : undefined;
}

async function parameterIn(region: string, name: string, environment: NodeJS.ProcessEnv): Promise<string | undefined> {
  const Path = name.slice(0, name.lastIndexOf('/'));
  const ssm = new SSMClient(client(region, environment));
  for (let NextToken: string | undefined; ;) {
    const page = await ssm.send(new GetParametersByPathCommand({ Path, NextToken }));
    const found = page.Parameters?.find(({ Name }) => Name === name);
    if (found) { return found.Value; }
    if (!page.NextToken) { return undefined; }
    NextToken = page.NextToken;
  }
}

async function byRegion<T>(regions: readonly string[], read: (region: string) => Promise<T | undefined>): Promise<{ readonly [region: string]: T }> {
  const found: { [region: string]: T } = {};
  for (const region of regions) {
    const value = await read(region);
    if (value !== undefined) { found[region] = value; }
  }
  return found;
}
