import { Duration, RemovalPolicy, Stack, type App } from 'aws-cdk-lib';
import { CfnInstance } from 'aws-cdk-lib/aws-ec2';
import { Schedule } from 'aws-cdk-lib/aws-events';
import { Topic } from 'aws-cdk-lib/aws-sns';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import { startCdkDeploy, type CdkDeploy, type Said } from './cdk-deploy';
import type { Build } from './cloud/codebuild/build';
import { enforceRoles, type RefusedCall } from './iam/role-authority';
import { AmiImage, Delivery, OsFamily, Provisioner, Source } from '../../lib';
import { cloudClients, type CloudClients } from '../cloud/cloud-clients';

/** What a test wants of a stack with an image that CodeBuild builds, and an instance of it. */
export interface Wanted {
  readonly commands: string[];
  readonly minutes?: number;
  /** Builds by itself too, and tells a topic. */
  readonly scheduled?: boolean;
  readonly destroys?: boolean;
  /** What comes after the instance cannot be made. */
  readonly breaks?: boolean;
}

/** An emulated account that the CDK's own command line deploys to, where the roles of stacks count. */
export interface CodeBuildAccount {
  readonly aws: CdkDeploy;
  readonly to: CloudClients;
  /** What roles of stacks asked for, and may not. */
  refused(): readonly RefusedCall[];
  deploy(stack: string, wanted: Wanted): Promise<Said>;
  destroy(stack: string, wanted: Wanted): Promise<Said>;
  /** Has the base of the images be one of three Ubuntus, the older first. */
  baseImage(turn: number): Promise<string>;
  statusOf(stack: string): Promise<string | undefined>;
  /** The AMI of the instance of a stack. */
  boxOf(stack: string): Promise<string | undefined>;
  /** AMIs that were made of the image of a stack, with what each was made from. */
  imagesOf(stack: string): Promise<{ readonly [id: string]: string }>;
  builds(): readonly Build[];
  /** A build that runs, as soon as its machine does. */
  runningBuild(stack: string): Promise<string>;
  /** What a build may not leave: machines, drafts, snapshots without an image, groups and locks. */
  leftOf(stack: string): Promise<string[]>;
  /** Waits until everything that was set off has come to rest. */
  atRest(): Promise<void>;
  stop(): Promise<void>;
}

const BASE = '/base/ubuntu';

export async function startCodeBuildAccount(): Promise<CodeBuildAccount> {
  const aws = await startCdkDeploy();
  const { cloud } = aws;
  const to = cloudClients(cloud);
  const { exitCode, output } = await aws.cdk(['bootstrap', `aws://${cloud.account}/${cloud.region}`]);
  if (exitCode !== 0) { throw new Error(output); }
  // Roles of stacks, not those that deploy them. The CDK empties buckets with what the policies of the buckets allow.
  const refused = enforceRoles(cloud, (role) => !role.startsWith('cdk-') && !role.includes('CustomS3AutoDelete'));
  let turn = 0;
  const assembly = (stack: string, wanted: Wanted) => aws.synth(`${stack}-${turn++}`, (app) => declare(app, stack, aws.env, wanted));
  const { codeBuild, events, lambda } = cloud.services;

  const imagesOf = async (stack: string) => {
    const { Images = [] } = await to.ec2.describeImages({ Owners: ['self'], Filters: [{ Name: 'tag:golden:image', Values: [`${stack}/Web`] }] });
    return Object.fromEntries(Images.map(({ ImageId, Tags = [] }) => [ImageId!, Tags.find(({ Key }) => Key === 'golden:source')!.Value!]));
  };
  return {
    aws,
    to,
    // A function that has answered goes on with its log, while its policies go with its stack.
    refused: () => refused.filter(({ action }) => action !== 'logs:PutLogEvents'),
    deploy: (stack, wanted) => aws.deploy(['--app', assembly(stack, wanted)]),
    destroy: (stack, wanted) => aws.cdk(['destroy', '--force', '--app', assembly(stack, wanted)]),
    baseImage: async (age) => {
      const { Images = [] } = await to.ec2.describeImages({ Filters: [{ Name: 'name', Values: ['ubuntu/images/hvm-ssd-gp3/ubuntu-noble-*-amd64-*'] }] });
      const Value = Images.sort((a, b) => (a.CreationDate! < b.CreationDate! ? -1 : 1))[age].ImageId!;
      await to.ssm.putParameter({ Name: BASE, Type: 'String', Value, Overwrite: true });
      return Value;
    },
    statusOf: async (stack) => (await aws.stack(stack))?.StackStatus,
    boxOf: async (StackName) => {
      const { StackResources } = await to.cloudFormation.describeStackResources({ StackName, LogicalResourceId: 'Box' });
      return aws.imageOf(StackResources![0].PhysicalResourceId!);
    },
    imagesOf,
    builds: () => [...codeBuild.builds.values()],
    runningBuild: async (stack) => {
      for (const end = Date.now() + 120_000; Date.now() < end;) {
        const build = [...codeBuild.builds.values()].find(({ status, project }) => status === 'IN_PROGRESS' && project.name.startsWith(`${stack}-`));
        const { instances } = await cloud.resources();
        if (build && instances.some(({ tags, state }) => tags['golden:image'] === `${stack}/Web` && state === 'running')) { return build.id; }
        await new Promise((resolve) => { setTimeout(resolve, 100); });
      }
      throw new Error(`No build of ${stack} has come as far as its machine`);
    },
    leftOf: async (stack) => {
      const { instances, images, snapshots, securityGroups, objects } = await cloud.resources();
      const isOurs = ({ tags }: { readonly tags: { readonly [key: string]: string } }) => tags['golden:image'] === `${stack}/Web`;
      const ids = Object.keys(await imagesOf(stack));
      const { Images = [] } = ids.length > 0 ? await to.ec2.describeImages({ ImageIds: ids }) : {};
      const used = new Set(Images.flatMap(({ BlockDeviceMappings = [] }) => BlockDeviceMappings.map(({ Ebs }) => Ebs?.SnapshotId)));
      return [
        ...instances.filter((one) => isOurs(one) && !['shutting-down', 'terminated'].includes(one.state!)),
        ...images.filter((one) => isOurs(one) && one.tags['golden:state'] !== 'published'),
        ...snapshots.filter((one) => isOurs(one) && !used.has(one.id)),
        ...securityGroups.filter(isOurs),
        ...objects.filter(({ id }) => id.startsWith(`${stack.toLowerCase()}-`) && id.includes('/locks/')),
      ].map(({ id }) => id);
    },
    atRest: async () => {
      await events.settled();
      await codeBuild.settled();
      await events.settled();
      await lambda.settled();
    },
    stop: async () => {
      to.end();
      await aws.stop();
    },
  };
}

function declare(app: App, name: string, env: CdkDeploy['env'], { commands, minutes, scheduled, destroys, breaks }: Wanted): void {
  const stack = new Stack(app, name, { env });
  const web = new AmiImage(stack, 'Web', {
    source: Source.ssmParameter(BASE, { osFamily: OsFamily.DEBIAN, loginUser: 'ubuntu', hasSsmAgent: true }),
    provisioners: [Provisioner.shell({ inline: commands })],
    delivery: Delivery.codeBuild({
      timeout: minutes === undefined ? undefined : Duration.minutes(minutes),
      removalPolicy: destroys ? RemovalPolicy.DESTROY : undefined,
      ...scheduled && { schedule: Schedule.rate(Duration.days(1)), notifications: new Topic(stack, 'News') },
    }),
  });
  const box = new CfnInstance(stack, 'Box', { imageId: web.imageId, instanceType: 't3.small' });
  if (breaks) { new CfnParameter(stack, 'Broken', { type: 'String', dataType: 'aws:ec2:image', value: 'no image' }).addDependency(box); }
}
