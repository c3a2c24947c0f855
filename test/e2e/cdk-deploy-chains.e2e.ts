import { join } from 'path';
import { Stack } from 'aws-cdk-lib';
import { CfnParameter } from 'aws-cdk-lib/aws-ssm';
import { FileSource, Provisioner, Source } from '../../lib';
import { startCdkDeploy, type CdkDeploy } from '../support/cdk-deploy';
import { deployed, instanceOf, markedImage, serverStack } from '../support/deployed-server';

// Several images at once, and the examples as somebody would copy them: the CDK's own command line on an emulated AWS.
jest.setTimeout(600_000);

let aws: CdkDeploy;
beforeAll(async () => {
  aws = await startCdkDeploy();
  const { account, region } = aws.env;
  const { exitCode, output } = await aws.cdk(['bootstrap', `aws://${account}/${region}`, `aws://${account}/us-west-2`]);
  if (exitCode !== 0) { throw new Error(output); }
});
afterAll(() => aws?.stop());
beforeEach(() => { aws.activity(); });

describe('the example', () => {
  test('one-stack makes an image and its instance, and both anew for another release', async () => {
    const cwd = aws.example('one-stack');
    const first = await aws.deploy([], { cwd });
    expect([first.exitCode, first.output]).toEqual([0, expect.stringContaining('✅  Site')]);
    const before = await aws.output('Site', 'InstanceId');
    expect(await aws.imageOf(before!)).toBe(await aws.output('Site', 'ImageId'));

    const second = await aws.deploy(['-c', 'release=2'], { cwd });
    expect([second.exitCode, second.output]).toEqual([0, expect.stringContaining('✅  Site')]);
    const after = await aws.output('Site', 'InstanceId');
    expect(after).not.toBe(before);
    expect(await aws.imageOf(after!)).toBe(await aws.output('Site', 'ImageId'));
    await destroy(cwd, ['-c', 'release=2']);
  });

  test('two-regions takes an image to the region of who uses it', async () => {
    const cwd = aws.example('two-regions');
    const { exitCode, output } = await aws.deploy(['--all'], { cwd });
    expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  WorkersThere')]);
    const [here, there] = [await aws.output('WorkersHere', 'ImageId'), await aws.output('WorkersThere', 'ImageId', 'us-west-2')];
    expect([await aws.images(), await aws.images('us-west-2')]).toEqual([[here], [there]]);
    expect(here).not.toBe(there);
    expect(aws.activity().captures).toBe(1);
    await destroy(cwd, ['--all']);
  });

  test('chain builds three images in one stack, each from the one before, and one of them for another greeting', async () => {
    const cwd = aws.example('chain');
    const first = await aws.deploy([], { cwd });
    expect([first.exitCode, first.output]).toEqual([0, expect.stringContaining('✅  Chain')]);
    expect(aws.activity()).toMatchObject({ captures: 3 });
    const before = await aws.output('Chain', 'ImageId');

    const second = await aws.deploy(['-c', 'greeting=Goodbye'], { cwd });
    expect([second.exitCode, second.output]).toEqual([0, expect.stringContaining('✅  Chain')]);
    expect(aws.activity()).toMatchObject({ captures: 1 });
    expect(await aws.output('Chain', 'ImageId')).not.toBe(before);
    await destroy(cwd, ['-c', 'greeting=Goodbye']);
  });

  /** As its README says. */
  async function destroy(cwd: string, context: readonly string[]): Promise<void> {
    const stacks = await aws.cdk(['destroy', '--force', ...context], { cwd });
    expect([stacks.exitCode, stacks.output]).toEqual([0, expect.any(String)]);
    const { exitCode, output } = await aws.command(['node', join(cwd, 'cdk.out', 'golden', 'golden.js'), 'destroy', '--host', 'ec2', '--yes', '--app', 'cdk.out'], { cwd });
    expect([exitCode, output]).toEqual([0, expect.stringContaining('removed image')]);
    const { instances, images, snapshots, parameters } = await aws.cloud.resources();
    expect([...instances, ...images, ...snapshots, ...parameters.filter(({ id }) => id.startsWith('/golden/'))]).toEqual([]);
  }
});

test('three images of one stack are built at the same time', async () => {
  const assembly = aws.synth('parallel', (app) => {
    serverStack(app, 'Parallel', {
      marker: 'one',
      // Long enough for the others to start on a busy computer.
      lines: ['sleep 6'],
      env: aws.env,
      more: (stack) => ['two', 'three'].forEach((marker) => markedImage(stack, marker, { marker, lines: ['sleep 6'] })),
    });
  });
  const { exitCode, output } = await aws.deploy(['--app', assembly]);
  expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Parallel')]);
  const acts = aws.cloud.calls.filter(({ action, status }) => ['RunInstances', 'CreateImage'].includes(action) && status === 200).map(({ action }) => action);
  // All machines are there before the first is captured; the last is the stack's own.
  expect(acts.slice(-7)).toEqual([...Array<string>(3).fill('RunInstances'), ...Array<string>(3).fill('CreateImage'), 'RunInstances']);
});

test('an image has what a stack before it declares, in one deployment of both, and is built anew when that changes', async () => {
  const synth = (name: string, value: string) => aws.synth(name, (app) => {
    const data = new Stack(app, 'Data', { env: aws.env });
    const greeting = new CfnParameter(data, 'Greeting', { type: 'String', value });
    const images = new Stack(app, 'LateImages', { env: aws.env });
    instanceOf(images, markedImage(images, 'Web', {
      marker: 'late',
      image: {
        provisioners: [
          Provisioner.file({ source: FileSource.inline(`late\n${greeting.attrValue}\n`), destination: '/etc/marker' }),
          Provisioner.shell({ inline: [`test "$(tail -n 1 /etc/marker)" = ${greeting.attrValue}`] }),
        ],
      },
    }));
  });
  const first = await aws.deploy(['--app', synth('late', 'it\'s "early"'), '--all']);
  expect([first.exitCode, first.output]).toEqual([0, expect.stringContaining('✅  LateImages')]);
  const before = await deployed(aws, 'LateImages');
  expect(before.running).toBe(before.image);

  const second = await aws.deploy(['--app', synth('later', '$(late)'), '--all']);
  expect([second.exitCode, second.output]).toEqual([0, expect.stringContaining('✅  LateImages')]);
  const after = await deployed(aws, 'LateImages');
  expect(after.running).toBe(after.image);
  expect(after.image).not.toBe(before.image);
});

test('two stacks in two regions have the same image, each built in its own', async () => {
  const assembly = aws.synth('regions', (app) => {
    ['us-east-2', 'us-west-2'].forEach((region) => serverStack(app, `Site-${region}`, { marker: 'everywhere', env: { ...aws.env, region } }));
  });
  const { exitCode, output } = await aws.deploy(['--app', assembly, '--all', '--concurrency', '2']);
  expect([exitCode, output]).toEqual([0, expect.stringContaining('✅  Site-us-west-2')]);
  expect(aws.activity()).toEqual({ launches: 4, captures: 2 });
  const [east, west] = [await deployed(aws, 'Site-us-east-2'), await deployed(aws, 'Site-us-west-2', 'us-west-2')];
  expect(east.image).not.toBe(west.image);
  expect([east, west]).toEqual([east, west].map(({ image }) => expect.objectContaining({ status: 'CREATE_COMPLETE', running: image, alias: image })));
});

test('what starts from an image that fails is not built, and the stack stays away', async () => {
  const assembly = aws.synth('broken', (app) => {
    const stack = new Stack(app, 'Broken', { env: aws.env });
    const base = markedImage(stack, 'Base', { marker: 'base', lines: ['echo "no such licence" >&2', 'exit 3'] });
    markedImage(stack, 'Child', { marker: 'child', image: { source: Source.image(base) } });
  });
  const { exitCode, output } = await aws.deploy(['--app', assembly]);
  expect([exitCode, output]).toEqual([1, expect.stringContaining('Broken/Base/Shell')]);
  expect(output).toContain('no such licence');
  expect(await aws.stack('Broken')).toBeUndefined();
  expect(aws.activity().captures).toBe(0);
});
