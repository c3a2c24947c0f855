import { readdirSync, readFileSync } from 'fs';
import { join } from 'path';
import { DeregisterImageCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import * as ssm from 'aws-cdk-lib/aws-ssm';
import { startCdkDeploy, type CdkDeploy } from '../support/cdk-deploy';
import { deployed as deployedIn, serverStack, type ServerOptions } from '../support/deployed-server';

// The CDK's own command line deploys stacks with images to an emulated AWS, and builds the images on the way. Machines run commands.
jest.setTimeout(600_000);

let aws: CdkDeploy;
beforeAll(async () => {
  aws = await startCdkDeploy();
  const { account, region } = aws.env;
  const { exitCode, output } = await aws.cdk(['bootstrap', `aws://${account}/${region}`]);
  if (exitCode !== 0) { throw new Error(output); }
});
afterAll(() => aws?.stop());
beforeEach(() => { aws.activity(); });

const client = () => ({ region: aws.env.region, endpoint: aws.cloud.endpoint, credentials: { accessKeyId: 'test', secretAccessKey: 'test' } });
const deployed = () => deployedIn(aws, 'Site');

describe('a stack with an image and an instance', () => {
  const synth = (folder: string, options: ServerOptions) => aws.synth(folder, (app) => { serverStack(app, 'Site', { env: aws.env, ...options }); });

  test('shows its diff before anything was built, and builds nothing for it', async () => {
    const diff = await aws.cdk(['diff', '--app', synth('first', { marker: 'first' })]);
    expect(diff.exitCode).toBe(0);
    expect(diff.output).toMatch(/\[\+\] Parameter GoldenImage[0-9a-f]{16}/);
    expect(diff.output).toContain('[+] AWS::EC2::Instance Box');
    expect(aws.activity()).toEqual({ launches: 0, captures: 0 });
  });

  test('is complete after one deployment, and the instance runs the AMI that was built in it', async () => {
    const { exitCode, output } = await aws.deploy(['--app', join(aws.work, 'first')]);
    expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Site')]);
    expect(aws.activity()).toEqual({ launches: 2, captures: 1 });
    const images = await aws.images();
    expect(images).toHaveLength(1);
    expect(await deployed()).toMatchObject({ status: 'CREATE_COMPLETE', image: images[0], running: images[0], alias: images[0] });
  });

  test('is not changed by a second deployment, which launches nothing and says so', async () => {
    const before = await deployed();
    const { exitCode, output, seconds } = await aws.deploy(['--app', join(aws.work, 'first')]);
    expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Site (no changes)')]);
    expect(aws.activity()).toEqual({ launches: 0, captures: 0 });
    expect(await deployed()).toEqual(before);
    process.stdout.write(`An unchanged deployment took ${seconds.toFixed(1)} s, of which the engine: ${engineSeconds('first')} s\n`);
  });

  test('shows no difference while nothing changes, nor when only its delivery does, which is deployed', async () => {
    const unchanged = await aws.cdk(['diff', '--app', join(aws.work, 'first')]);
    expect(unchanged.output).toContain('Number of stacks with differences: 0');
    const assembly = synth('delivered', { marker: 'first', image: { distribution: { tags: { team: 'web' } } } });
    const diff = await aws.cdk(['diff', '--app', assembly]);
    expect([diff.exitCode, diff.output]).toEqual([0, expect.stringContaining('Number of stacks with differences: 0')]);
    const before = await deployed();
    const deploy = await aws.deploy(['--app', assembly]);
    expect([deploy.exitCode, deploy.output]).toEqual([0, expect.stringContaining('(no changes)')]);
    expect(await deployed()).toEqual(before);
    const { Images } = await new EC2Client(client()).send(new DescribeImagesCommand({ ImageIds: [before.image] }));
    expect(Images![0].Tags).toContainEqual({ Key: 'team', Value: 'web' });
    expect(aws.activity()).toEqual({ launches: 0, captures: 0 });
  });

  test('shows a changed provisioner in its diff, and rolls the instance', async () => {
    const before = await deployed();
    const assembly = synth('second', { marker: 'second' });
    const diff = await aws.cdk(['diff', '--app', assembly, '--method', 'template']);
    expect(diff.output).toMatch(/\[~\] AWS::EC2::Instance Box.* replace/);
    expect(aws.activity().launches).toBe(0);
    const deploy = await aws.deploy(['--app', assembly]);
    expect([deploy.exitCode, deploy.output]).toEqual([0, expect.stringContaining('✅  Site')]);
    const after = await deployed();
    expect(after).toMatchObject({ status: 'UPDATE_COMPLETE', running: after.image, alias: after.image });
    expect(after.image).not.toBe(before.image);
    expect(after.instance).not.toBe(before.instance);
  });

  test('stays as it was where a provisioner fails, with the reason, the construct and the last lines', async () => {
    const { instance } = await deployed();
    const before = [await deployed(), await aws.images()];
    const { exitCode, output } = await aws.deploy(['--app', synth('failing', { marker: 'failing', lines: ['echo "The licence server is away" >&2', 'exit 7'] })]);
    expect(exitCode).toBe(1);
    expect(output).toContain('Site/Web/Shell');
    expect(output).toContain('The licence server is away');
    expect(output).toMatch(/exit code 7|exited with 7|code 7/);
    expect(output).toMatch(/golden\/SiteWeb[0-9A-F]+\.log/);
    expect([await deployed(), await aws.images()]).toEqual(before);
    expect((await aws.cloud.resources()).instances.filter(({ state }) => state !== 'shutting-down').map(({ id }) => id)).toEqual([instance]);
  });

  test('keeps its image, alias and instance where another resource fails', async () => {
    const before = await deployed();
    const assembly = synth('rolled-back', {
      marker: 'rolled back',
      // An instance of the new image is there already when this fails.
      more: (stack) => new ssm.CfnParameter(stack, 'Bad', { type: 'String', name: '/taken', value: 'x' }).node.addDependency(stack.node.findChild('Box')),
    });
    await new SSMClient(client()).send(new PutParameterCommand({ Name: '/taken', Type: 'String', Value: 'x' }));
    const { exitCode, output } = await aws.deploy(['--app', assembly]);
    expect([exitCode, output]).toEqual([1, expect.stringContaining('ROLLBACK')]);
    expect(await deployed()).toEqual({ ...before, status: 'UPDATE_ROLLBACK_COMPLETE' });
  });

  test('gets a new image where the AMI was deregistered behind its back', async () => {
    await aws.deploy(['--app', join(aws.work, 'second')]);
    const before = await deployed();
    await new EC2Client(client()).send(new DeregisterImageCommand({ ImageId: before.image }));
    aws.activity();
    const { exitCode, output } = await aws.deploy(['--app', join(aws.work, 'second')]);
    expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Site')]);
    const after = await deployed();
    expect(after.image).not.toBe(before.image);
    expect(after).toMatchObject({ running: after.image, alias: after.image });
    expect(await aws.images()).toContain(after.image);
  });

  test('leaves nothing when it is destroyed, and its images are', async () => {
    const destroyed = await aws.cdk(['destroy', '--app', join(aws.work, 'second'), '--force']);
    expect([destroyed.exitCode, await aws.stack('Site')]).toEqual([0, undefined]);
    for (const assembly of ['first', 'second', 'rolled-back']) {
      const { exitCode, output } = await aws.command(['node', join(aws.work, assembly, 'golden', 'golden.js'), 'destroy', '--host', 'ec2', '--app', join(aws.work, assembly), '--yes']);
      expect([exitCode, output]).toEqual([0, expect.any(String)]);
    }
    const { instances, images, snapshots, volumes, parameters } = await aws.cloud.resources();
    const ours = parameters.filter(({ id }) => id.startsWith('/golden/'));
    expect({ instances, images, snapshots, volumes, ours }).toEqual({ instances: [], images: [], snapshots: [], volumes: [], ours: [] });
  });
});

/** From the first to the last line of the log of the last build of an assembly. */
function engineSeconds(assembly: string): string {
  const folder = join(aws.work, assembly, 'golden');
  const log = readFileSync(join(folder, readdirSync(folder).find((name) => name.endsWith('.log'))!), 'utf8').trim().split('\n');
  const times = log.map((line) => Date.parse(line.slice(0, 24))).filter((time) => !Number.isNaN(time));
  return ((times[times.length - 1] - times[0]) / 1000).toFixed(2);
}
