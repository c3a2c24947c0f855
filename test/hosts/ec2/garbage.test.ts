import { CreateTagsCommand } from '@aws-sdk/client-ec2';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { ec2Plan, REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { distributeImage } from '../../../lib/hosts/ec2/distribution';
import { collectGarbage, removeBuild } from '../../../lib/hosts/ec2/garbage';
import { findLayer, layerImage, saveLayer } from '../../../lib/hosts/ec2/layers';
import { managedBucket } from '../../../lib/hosts/ec2/staging-bucket';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const plan = ec2Plan({ delivery: { regions: [{ region: 'eu-west-1' }] } });
const ssh = { authorizedKey: 'ssh-ed25519 AAAA caller', hostKey: { privateKey: 'PRIVATE', publicKey: 'PUBLIC' }, inboundPort: 22 };

/** As when the lease of everything that is there has ended. */
async function endLeases(): Promise<void> {
  for (const region of [REGION, 'eu-west-1']) {
    const { instances, images, snapshots } = await ec2.left();
    const Resources = [...instances, ...images, ...snapshots].filter((one) => one.region === region && one.tags['golden:lease']).map(({ id }) => id);
    if (Resources.length === 0) { continue; }
    await ec2.cloud.clients.ec2(region).send(new CreateTagsCommand({ Resources, Tags: [{ Key: 'golden:lease', Value: '2020-01-01T00:00:00.000Z' }] }));
  }
}

async function stage(buildId: string): Promise<void> {
  const Bucket = await managedBucket(ec2.cloud, REGION);
  await ec2.cloud.clients.s3(REGION).send(new PutObjectCommand({ Bucket, Key: `staging/${buildId}/file`, Body: 'content' }));
}

describe('without a journal', () => {
  test('everything of a build whose lease is over is removed, in all regions, but nothing that is kept on purpose', async () => {
    const draft = await ec2.capture(plan);
    await distributeImage(ec2.cloud, draft, { plan, keys: ec2.keysOf(plan) }, ec2.context);
    await ec2.launch(plan);
    await endLeases();
    const removed = await collectGarbage(ec2.cloud, ec2.context);
    expect(removed.map((line) => line.replace(/(i|ami|snap|vol)-[0-9a-f]+/, '$1').replace(/ \(.*\)/, '')).sort()).toEqual([
      'image ami in eu-west-1', `image ami in ${REGION}`, `instance i in ${REGION}, of build b1`, 'snapshot snap in eu-west-1', `snapshot snap in ${REGION}`,
    ]);
    const left = await ec2.left();
    expect([...left.instances, ...left.images, ...left.snapshots]).toEqual([]);
    expect((await ec2.aws.resources()).securityGroups.map(({ name }) => name)).toEqual(['golden-no-inbound']);
    expect(await collectGarbage(ec2.cloud, ec2.context)).toEqual([]);
  });

  test('nothing of a build that is alive is removed', async () => {
    await ec2.capture(plan);
    await ec2.launch(plan);
    expect(await collectGarbage(ec2.cloud, ec2.context)).toEqual([]);
    const left = await ec2.left();
    expect([left.instances.length, left.images.length, left.snapshots.length]).toEqual([1, 1, 1]);
  });

  test('nothing that is published is removed, and no layer that was used within 30 days', async () => {
    await ec2.publish(plan);
    const machine = await ec2.launch(plan);
    await saveLayer(ec2.cloud, machine, 'a'.repeat(64), ec2.context);
    expect(await layerImage(ec2.cloud, REGION, 'a'.repeat(64))).toMatch(/^ami-/);
    await machine.destroy();
    await endLeases();
    expect(await collectGarbage(ec2.cloud, ec2.context)).toEqual([]);
    const monthLater = { ...ec2.cloud, clock: { ...ec2.cloud.clock, now: () => Date.now() + 31 * 86_400_000 } };
    const removed = await collectGarbage(monthLater, ec2.context);
    expect(removed.map((line) => line.replace(/(ami|snap)-[0-9a-f]+/, '$1'))).toEqual([`image ami (golden layer ${'a'.repeat(64)}) in ${REGION}`, `snapshot snap in ${REGION}`]);
    expect((await ec2.left()).images.map(({ region }) => region).sort()).toEqual(['eu-west-1', REGION]);
  });
});

describe('of a build that is known to be dead', () => {
  const dead = { buildId: 'b1', intents: [{ act: 'ec2-launch', detail: { region: REGION } }, { act: 'ec2-copy', detail: { region: 'eu-west-1' } }] };

  test('all is removed at once, with the groups and files that it has made, and nothing of another build', async () => {
    const draft = await ec2.capture(plan);
    await distributeImage(ec2.cloud, draft, { plan, keys: ec2.keysOf(plan) }, ec2.context);
    await ec2.launch(plan, ssh);
    await stage('b1');
    await ec2.launch(plan, { managed: true }, { buildId: 'b2' });
    await stage('b2');
    await removeBuild(ec2.cloud, dead, ec2.context);
    const left = await ec2.left();
    expect([...left.instances, ...left.images, ...left.snapshots].map(({ tags }) => tags['golden:build'])).toEqual(['b2']);
    expect(left.objects.map(({ id }) => id)).toEqual([expect.stringContaining('staging/b2/file')]);
    expect((await ec2.aws.resources()).securityGroups.map(({ name }) => name)).toEqual(['golden-no-inbound']);
  });

  test('the draft stays that another build goes on from, with its copies', async () => {
    const draft = await ec2.capture(plan);
    await distributeImage(ec2.cloud, draft, { plan, keys: ec2.keysOf(plan) }, ec2.context);
    expect(await removeBuild(ec2.cloud, dead, ec2.context, draft)).toEqual([]);
    expect((await ec2.left()).images).toHaveLength(2);
  });
});

describe('a layer', () => {
  const keys = { build: 'b'.repeat(64), layers: ['0', '1', '2', '3'].map((digit) => digit.repeat(64)) };

  test('is found by its key, the deepest of several, with one call', async () => {
    const machine = await ec2.launch(plan);
    await saveLayer(ec2.cloud, machine, keys.layers[1], ec2.context);
    await saveLayer(ec2.cloud, machine, keys.layers[2], ec2.context);
    ec2.aws.calls.length = 0;
    expect(await findLayer(ec2.cloud, [REGION], keys)).toBe(2);
    expect(ec2.aws.calls.map(({ action }) => action)).toEqual(['DescribeImages']);
    expect(await findLayer(ec2.cloud, [REGION], { ...keys, layers: [keys.layers[0]] })).toBe(0);
  });

  test('is saved once, whoever asks and whatever is not answered', async () => {
    const machine = await ec2.launch(plan);
    ec2.aws.faults.inject({ action: 'CreateImage', kind: 'timeout-after-effect' });
    await saveLayer(ec2.cloud, machine, keys.layers[1], ec2.context);
    await saveLayer(ec2.cloud, machine, keys.layers[1], { ...ec2.context, buildId: 'b2' });
    expect((await ec2.left()).images).toHaveLength(1);
  });

  test('that failed is none, and made anew', async () => {
    const machine = await ec2.launch(plan);
    ec2.aws.faults.inject({ action: 'CreateImage', kind: 'async-failure' });
    await saveLayer(ec2.cloud, machine, keys.layers[1], ec2.context);
    expect(await layerImage(ec2.cloud, REGION, keys.layers[1])).toBeUndefined();
    expect(await findLayer(ec2.cloud, [REGION], keys)).toBe(0);
    await saveLayer(ec2.cloud, machine, keys.layers[1], ec2.context);
    expect(await layerImage(ec2.cloud, REGION, keys.layers[1])).toMatch(/^ami-/);
  });
});
