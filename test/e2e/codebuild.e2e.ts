import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { run, type RunResult } from '../../lib/process';
import type { CloudClients } from '../cloud/cloud-clients';
import { cloudClients } from '../cloud/cloud-clients';
import { startCloud, type Cloud } from '../support/cloud/cloud';
import { createMachineProvider } from '../support/cloud/machines/create-machine-provider';
import { createSsmService } from '../support/cloud/ssm/create-ssm-service';
import { PROJECT } from '../support/golden';
import { enforceRoles, type RefusedCall } from '../support/iam/role-authority';

// The CDK's own command line deploys stacks whose images CodeBuild builds. What it starts there is really executed, by an engine that
// has nothing but its source, and with the roles of the stack, which count.
const APP = `tsx ${join(PROJECT, 'test', 'e2e', 'apps', 'codebuild.ts')}`;
const work = mkdtempSync(join(tmpdir(), 'golden-codebuild-e2e-'));
let cloud: Cloud;
let to: CloudClients;
let refused: readonly RefusedCall[];

beforeAll(async () => {
  // Apps have the sources of the library, as this suite does, and not what was compiled of them some time ago.
  writeFileSync(join(work, 'tsconfig.json'), JSON.stringify({
    extends: join(PROJECT, 'test', 'tsconfig.json'), compilerOptions: { baseUrl: PROJECT, paths: { 'cdk-golden-image': ['lib/index.ts'] } },
  }));
  cloud = await startCloud({ machines: createMachineProvider('light'), ssm: createSsmService });
  to = cloudClients(cloud);
  const { exitCode, stderr } = await cdk(['bootstrap', `aws://${cloud.account}/${cloud.region}`], {});
  expect(`${exitCode} ${stderr}`).toMatch(/^0 /);
  await baseImage(0);
  // Roles of the stacks, not those that deploy them. The CDK empties buckets with what the policies of the buckets allow.
  refused = enforceRoles(cloud, (role) => /^(Web|Short|Gone)-(?!CustomS3AutoDelete)/.test(role));
}, 420_000);
afterAll(async () => {
  to?.end();
  await cloud?.stop();
  rmSync(work, { recursive: true, force: true });
});

interface Wanted {
  readonly stack: string;
  readonly commands: readonly string[];
  readonly minutes?: number;
  readonly scheduled?: boolean;
  readonly destroys?: boolean;
  readonly breaks?: boolean;
}

/** Runs `cdk` as in a shell that has nothing of AWS but what is given. */
async function cdk(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<RunResult & { readonly said: string }> {
  const result = await run(['cdk', ...args, '--no-notices', '--no-version-reporting', '--output', join(work, 'cdk.out')], {
    cwd: work,
    env: {
      PATH: `${join(PROJECT, 'node_modules', '.bin')}:${process.env.PATH}`,
      HOME: work,
      TSX_TSCONFIG_PATH: join(work, 'tsconfig.json'),
      AWS_EC2_METADATA_DISABLED: 'true',
      CDK_DISABLE_CLI_TELEMETRY: 'true',
      CDK_DISABLE_VERSION_CHECK: 'true',
      NODE_NO_WARNINGS: '1',
      NO_COLOR: '1',
      CI: 'true',
      ...cloud.environment,
      ...environment,
    },
    timeoutMs: 240_000,
  });
  return { ...result, said: `${result.stdout}${result.stderr}` };
}

const deploy = (wanted: Wanted) => cdk(['deploy', '--app', APP, '--require-approval', 'never'], { WANTED: JSON.stringify(wanted) });
const destroy = (wanted: Wanted) => cdk(['destroy', '--app', APP, '--force'], { WANTED: JSON.stringify(wanted) });

/** Has the base of the images be one of three Ubuntus, the older first. */
async function baseImage(turn: number): Promise<string> {
  const { Images = [] } = await to.ec2.describeImages({ Owners: ['099720109477'], Filters: [{ Name: 'name', Values: ['ubuntu/images/hvm-ssd-gp3/ubuntu-noble-*'] }] });
  const [Value] = Images.sort((a, b) => (a.CreationDate! < b.CreationDate! ? -1 : 1)).map(({ ImageId }) => ImageId!).slice(turn);
  await to.ssm.putParameter({ Name: '/base/ubuntu', Type: 'String', Value, Overwrite: true });
  return Value;
}

const statusOf = async (StackName: string) => (await to.cloudFormation.describeStacks({ StackName })).Stacks?.[0].StackStatus;

/** AMIs of the instance of a stack, as far as it runs. */
async function boxesOf(StackName: string): Promise<string[]> {
  const { StackResources = [] } = await to.cloudFormation.describeStackResources({ StackName, LogicalResourceId: 'Box' });
  const { Reservations = [] } = await to.ec2.describeInstances({
    InstanceIds: StackResources.map(({ PhysicalResourceId }) => PhysicalResourceId!),
    Filters: [{ Name: 'instance-state-name', Values: ['pending', 'running'] }],
  });
  return Reservations.flatMap(({ Instances = [] }) => Instances.map(({ ImageId }) => ImageId!));
}

async function imagesOf(stack: string): Promise<{ readonly [id: string]: string }> {
  const { Images = [] } = await to.ec2.describeImages({ Owners: ['self'], Filters: [{ Name: 'tag:golden:image', Values: [`${stack}/Web`] }] });
  return Object.fromEntries(Images.map(({ ImageId, Tags = [] }) => [ImageId, Tags.find(({ Key }) => Key === 'golden:source')!.Value]));
}

/** What a build may not leave: machines, snapshots without an image, locks. */
async function leftOf(stack: string): Promise<string[]> {
  const { instances, images, snapshots, securityGroups, objects } = await cloud.resources();
  const isOurs = ({ tags }: { readonly tags: { readonly [key: string]: string } }) => tags['golden:image'] === `${stack}/Web`;
  const kept = Object.keys(await imagesOf(stack));
  const { Images = [] } = kept.length > 0 ? await to.ec2.describeImages({ ImageIds: kept }) : {};
  const used = new Set(Images.flatMap(({ BlockDeviceMappings = [] }) => BlockDeviceMappings.map(({ Ebs }) => Ebs?.SnapshotId)));
  return [
    ...instances.filter((one) => isOurs(one) && one.state !== 'shutting-down' && one.state !== 'terminated').map(({ id }) => id),
    ...images.filter((one) => isOurs(one) && one.tags['golden:state'] !== 'published').map(({ id }) => id),
    ...snapshots.filter((one) => isOurs(one) && !used.has(one.id)).map(({ id }) => id),
    ...securityGroups.filter(isOurs).map(({ id }) => id),
    ...objects.filter(({ id }) => id.startsWith(stack.toLowerCase()) && /\/locks\//.test(id)).map(({ id }) => id),
  ];
}

/** Waits for something, for at most two minutes. */
async function until(what: string, condition: () => Promise<boolean> | boolean): Promise<void> {
  for (const end = Date.now() + 120_000; !await condition();) {
    if (Date.now() > end) { throw new Error(`this did not come true: ${what}`); }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function atRest(): Promise<void> {
  const { codeBuild, events, lambda } = cloud.services;
  await events.settled();
  await codeBuild.settled();
  await events.settled();
  await lambda.settled();
}

/** A build that runs, as soon as its machine does. */
async function runningBuild(stack: string): Promise<string> {
  let id = '';
  await until('a build has its machine', async () => {
    id = [...cloud.services.codeBuild.builds.values()].find((build) => build.status === 'IN_PROGRESS' && build.project.name.startsWith(stack))?.id ?? '';
    return id !== '' && (await cloud.resources()).instances.some(({ tags, state }) => tags['golden:image'] === `${stack}/Web` && state === 'running');
  });
  return id;
}

describe('a stack with an image that CodeBuild builds', () => {
  const good: Wanted = { stack: 'Web', commands: ['echo one > /etc/golden'], scheduled: true };
  let first: string;

  test('is there when its image is, and its instance runs it', async () => {
    const { said, exitCode } = await deploy(good);

    expect(said).toContain('✅  Web');
    expect([exitCode, refused]).toEqual([0, []]);
    [first] = Object.keys(await imagesOf('Web'));
    expect(await boxesOf('Web')).toEqual([first]);
    expect(await leftOf('Web')).toEqual([]);
    expect([...cloud.services.codeBuild.builds.values()].map(({ status }) => status)).toEqual(['SUCCEEDED']);
  });

  test('changes nothing the second time, and builds nothing', async () => {
    const { said } = await deploy(good);

    expect(said).toContain('(no changes)');
    expect(cloud.services.codeBuild.builds.size).toBe(1);
  });

  test('stays as it was where the next image cannot be built, and says why and where to read on', async () => {
    const { said, exitCode } = await deploy({ ...good, commands: ['echo "this is the reason" >&2; exit 7'] });

    expect([exitCode, await statusOf('Web')]).toEqual([1, 'UPDATE_ROLLBACK_COMPLETE']);
    expect(said).toMatch(/this is the reason/);
    expect(said).toMatch(/log: https:\/\/console\.aws\.amazon\.com\/cloudwatch\//);
    expect(await boxesOf('Web')).toEqual([first]);
    expect(Object.keys(await imagesOf('Web'))).toEqual([first]);
    expect(await leftOf('Web')).toEqual([]);
  });

  test('goes back to the old image where something else fails, and keeps both', async () => {
    const { exitCode } = await deploy({ ...good, commands: ['echo two > /etc/golden'], breaks: true });

    expect([exitCode, await statusOf('Web')]).toEqual([1, 'UPDATE_ROLLBACK_COMPLETE']);
    expect(await boxesOf('Web')).toEqual([first]);
    expect(Object.keys(await imagesOf('Web'))).toContain(first);
    expect(await leftOf('Web')).toEqual([]);
  });

  test('builds on schedule from a newer base, and tells of it', async () => {
    const newer = await baseImage(1);
    const [{ name }] = cloud.services.events.rulesOf(cloud).filter(({ schedule }) => schedule === 'rate(1 day)');
    cloud.services.notifications.clear();

    cloud.services.events.fire(cloud, name);
    await atRest();

    const built = Object.entries(await imagesOf('Web')).filter(([, source]) => source === newer).map(([id]) => id);
    expect(built).toHaveLength(1);
    expect(cloud.services.notifications.sent).toMatchObject([{ subject: 'Built: Web/Web', message: `Web/Web: Built ${built[0]}` }]);
    expect((await to.ssm.getParametersByPath({ Path: '/golden/aliases', Recursive: true })).Parameters).toMatchObject([{ Value: built[0] }]);
    expect([cloud.services.deliveries.failed, refused]).toEqual([[], []]);
  });

  test('leaves its images behind when it goes', async () => {
    const before = await imagesOf('Web');
    const { exitCode } = await destroy(good);

    expect(exitCode).toBe(0);
    expect(await imagesOf('Web')).toEqual(before);
  });
});

test('a stack that is to remove its image does so', async () => {
  const wanted: Wanted = { stack: 'Gone', commands: ['echo gone > /etc/golden'], destroys: true };
  expect((await deploy(wanted)).said).toContain('✅  Gone');
  expect(Object.keys(await imagesOf('Gone'))).toHaveLength(1);

  const { exitCode, said } = await destroy(wanted);

  expect(`${exitCode} ${said}`).toMatch(/^0 /);
  expect(await imagesOf('Gone')).toEqual({});
  expect(await leftOf('Gone')).toEqual([]);
  // A function that answered goes on with its log, and its policies go.
  expect(refused.filter(({ action }) => action !== 'logs:PutLogEvents')).toEqual([]);
});

describe('a build that does not come to its end', () => {
  const slow: Wanted = { stack: 'Short', commands: ['echo waiting; sleep 600'] };
  afterEach(async () => { await destroy(slow); });

  test('is told to CloudFormation within seconds where its container is killed', async () => {
    const deployed = deploy(slow);
    await cloud.services.codeBuild.killContainer(await runningBuild('Short'));
    const killedAt = Date.now();

    const { exitCode, said } = await deployed;

    expect(Date.now() - killedAt).toBeLessThan(60_000);
    expect([exitCode, await statusOf('Short')]).toEqual([1, 'ROLLBACK_COMPLETE']);
    expect(said).toMatch(/CodeBuild Short[\w-]*:[0-9a-f-]{36}: FAILED/);
  });

  test('fails its stack when its time is over', async () => {
    cloud.services.codeBuild.settings.minuteMs = 3_000;
    try {
      const { exitCode, said } = await deploy({ ...slow, minutes: 5 });

      expect([exitCode, await statusOf('Short')]).toEqual([1, 'ROLLBACK_COMPLETE']);
      expect(said).toMatch(/CodeBuild Short[\w-]*:[0-9a-f-]{36}: TIMED_OUT/);
    } finally {
      cloud.services.codeBuild.settings.minuteMs = 60_000;
    }
  });
});
