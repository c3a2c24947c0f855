import { rmSync } from 'fs';
import { join } from 'path';
import { CopyImageCommand, DeregisterImageCommand, DescribeImagesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { App, Stack } from 'aws-cdk-lib';
import { AmiImage, Communicator, OsFamily, Provisioner, Source } from '../../lib';
import { startAccountCli, type AccountCli } from '../support/account-cli';

let account: AccountCli;
beforeAll(async () => { account = await startAccountCli(); });
afterAll(() => account?.stop());
beforeEach(() => account.reset());

// Each test is several builds.
jest.setTimeout(240_000);

const client = () => ({ region: account.cloud.region, endpoint: account.cloud.endpoint });
const acts = () => account.cloud.calls.map(({ action }) => action).filter((action) => !/^(Describe|Get|List|Head)/.test(action));
const point = (Value: string) => new SSMClient(client()).send(new PutParameterCommand({ Name: '/base', Value, Type: 'String', Overwrite: true }));

/** An image, and one that starts from it. The first starts from what a parameter names. */
function declareChain(): void {
  const app = new App({ outdir: join(account.folder, 'app') });
  const stack = new Stack(app, 'Stack', { env: { region: account.cloud.region, account: account.cloud.account } });
  const builder = { communicator: Communicator.ssh() };
  const base = new AmiImage(stack, 'Base', { source: Source.ssmParameter('/base', { loginUser: 'ubuntu', osFamily: OsFamily.DEBIAN }), builder });
  new AmiImage(stack, 'Web', { source: Source.image(base), builder });
  app.synth();
}

async function twoBases(): Promise<readonly [string, string]> {
  const ec2 = new EC2Client(client());
  const { Images = [] } = await ec2.send(new DescribeImagesCommand({ Filters: [{ Name: 'name', Values: ['ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*'] }] }));
  const first = Images[0].ImageId!;
  const { ImageId } = await ec2.send(new CopyImageCommand({ SourceImageId: first, SourceRegion: account.cloud.region, Name: 'newer' }));
  await point(first);
  return [first, ImageId!];
}

/** How each image of the app ended, and its AMI. */
async function build(...args: readonly string[]): Promise<{ readonly [image: string]: { readonly status: string; readonly id: string } }> {
  const { events } = await account.golden(['build', '--host', 'ec2', '--app', 'app', '--json', ...args]);
  return Object.fromEntries(events.filter(({ type }) => type === 'build.finished').map(({ image, status, artifact, error }) => {
    expect(error).toBeUndefined();
    return [image, { status: status as string, id: (artifact as { readonly id: string }).id }];
  }));
}

const statuses = (ends: Awaited<ReturnType<typeof build>>) => Object.fromEntries(Object.entries(ends).map(([image, { status }]) => [image, status]));

test('a newer base rebuilds nothing until it is asked for; then what starts from what was rebuilt is, too, and stays so', async () => {
  const [, newer] = await twoBases();
  declareChain();
  const first = await build();
  expect(statuses(first)).toEqual({ 'Stack/Base': 'built', 'Stack/Web': 'built' });
  await point(newer);
  account.cloud.calls.length = 0;
  expect(statuses(await build())).toEqual({ 'Stack/Base': 'unchanged', 'Stack/Web': 'unchanged' });
  expect(acts()).toEqual([]);
  const second = await build('--newer-source');
  expect(statuses(second)).toEqual({ 'Stack/Base': 'built', 'Stack/Web': 'built' });
  const third = await build();
  expect(third).toEqual({
    'Stack/Base': { status: 'unchanged', id: second['Stack/Base'].id }, 'Stack/Web': { status: 'unchanged', id: second['Stack/Web'].id },
  });
});

test('a build of a newer base that was killed is finished of the newer base', async () => {
  const [, newer] = await twoBases();
  account.declare('app', { Web: { source: Source.ssmParameter('/base', { loginUser: 'ubuntu', osFamily: OsFamily.DEBIAN }), builder: { communicator: Communicator.ssh() }, provisioners: [Provisioner.shell({ inline: ['sleep 2'] })] } });
  await build();
  await point(newer);
  await account.killed('app', '--newer-source');
  const { events } = await account.golden(['resume', '--json']);
  expect(events.filter(({ type }) => type === 'build.finished')).toEqual([expect.objectContaining({ status: 'built' })]);
  const { images } = await account.cloud.resources();
  expect(images.filter(({ tags }) => tags['golden:state'] === 'published').map(({ tags }) => tags['golden:source'])).toContain(newer);
  expect(statuses(await build())).toEqual({ 'Stack/Web': 'unchanged' });
});

test('a parent that was deregistered is built again of what it was built of, and its child stays', async () => {
  await twoBases();
  declareChain();
  const first = await build();
  await new EC2Client(client()).send(new DeregisterImageCommand({ ImageId: first['Stack/Base'].id }));
  const second = await build();
  expect(statuses(second)).toEqual({ 'Stack/Base': 'built', 'Stack/Web': 'unchanged' });
  expect(second['Stack/Web'].id).toBe(first['Stack/Web'].id);
});

test('images of an app that is gone are removed by their paths', async () => {
  await twoBases();
  declareChain();
  await build();
  rmSync(join(account.folder, 'app'), { recursive: true });
  const destroy = (...args: readonly string[]) => account.golden(['destroy', '--region', account.cloud.region, ...args]);
  const looked = await destroy('--image', 'Stack/Web', '--dry-run');
  expect([looked.exitCode, looked.out]).toEqual([0, expect.stringMatching(/^would remove parameter \/golden\/\S+ in us-east-2\nwould remove image ami-/)]);
  expect((await destroy('--image', 'Stack/Web', '--image', 'Stack/Base', '--yes')).exitCode).toBe(0);
  const { images, parameters } = await account.cloud.resources();
  expect(images.map(({ name }) => name)).toEqual(['newer']);
  expect(parameters.map(({ id }) => id).filter((id) => id.startsWith('/golden/'))).toEqual([]);
  expect(await destroy('Stack/Web', '--image', 'Stack/Web')).toMatchObject({ exitCode: 2, err: expect.stringContaining('Write golden destroy PATTERN, or golden destroy --image PATH.') });
});
