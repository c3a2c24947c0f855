import { DeregisterImageCommand } from '@aws-sdk/client-ec2';
import { DeleteParameterCommand } from '@aws-sdk/client-ssm';
import { ec2Plan, REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { captureImage } from '../../../lib/hosts/ec2/capture';
import { launchMachine } from '../../../lib/hosts/ec2/launch';
import { publishImage } from '../../../lib/hosts/ec2/publication';
import { resolveSource } from '../../../lib/hosts/ec2/source-resolution';
import type { Definition, Plan } from '../../../lib/plan/model';
import type { SourceOptions } from '../../../lib/ports/host';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const floating: Definition['source'] = {
  type: 'filter', owners: ['136693071363'], filters: { name: ['debian-12-amd64-*'] }, mostRecent: true, user: 'admin', ssmAgent: false,
};
const plan = ec2Plan({ definition: { source: floating }, delivery: { regions: [] } });
const resolve = (options?: SourceOptions, of: Plan = plan) => resolveSource(ec2.cloud, REGION, of, ec2.context, options);
const parameterName = plan.delivery.parameterName;
/** The image was built when its base was another one than it is now. */
async function publishOfAnOlderBase(of: Plan = plan): Promise<{ readonly id: string; readonly older: string }> {
  const now = ec2.imageId;
  const older = (await ec2.publish(ec2Plan({ delivery: { regions: [], name: 'older base' } }))).id;
  ec2.imageId = older;
  const { id } = await ec2.publish(of);
  ec2.imageId = now;
  return { id, older };
}

test('a definition is built of what it was first built of, until a newer source is asked for', async () => {
  const now = (await resolve()).id;
  const { older } = await publishOfAnOlderBase();
  expect((await resolve()).id).toBe(older);
  expect((await resolve({ newerSource: true })).id).toBe(now);
});

test('it is known that nothing was built of a definition', async () => {
  expect((await resolve()).isNew).toBe(true);
  // A newer source is asked for where something may well be there.
  expect((await resolve({ newerSource: true })).isNew).toBeUndefined();
  await publishOfAnOlderBase();
  expect((await resolve()).isNew).toBeUndefined();
  expect((await resolve({}, { ...plan, definitionHash: 'f'.repeat(64) })).isNew).toBe(true);
});

test('what the parameter names counts, and the newest image where it was deleted', async () => {
  const { older } = await publishOfAnOlderBase();
  await ec2.cloud.clients.ssm(REGION).send(new DeleteParameterCommand({ Name: parameterName }));
  expect((await resolve()).id).toBe(older);
});

test('where the image that the parameter names was deregistered, the source is looked up anew', async () => {
  const now = (await resolve()).id;
  const { id } = await publishOfAnOlderBase();
  await ec2.cloud.clients.ec2(REGION).send(new DeregisterImageCommand({ ImageId: id }));
  expect((await resolve()).id).toBe(now);
});

test('it is known when the recorded source is gone', async () => {
  const { older } = await publishOfAnOlderBase();
  expect(await (await resolve()).isThere!()).toBe(true);
  await ec2.cloud.clients.ec2(REGION).send(new DeregisterImageCommand({ ImageId: older }));
  expect(await (await resolve()).isThere!()).toBe(false);
});

test('another key makes another disk of the same source', async () => {
  const { older } = await publishOfAnOlderBase();
  const key = { type: 'literal', value: 'alias/images' } as const;
  const encrypted = ec2Plan({ definition: { source: floating }, delivery: { regions: [], encryption: { encrypted: true, key } } });
  expect((await resolve({}, encrypted)).id).toBe(`${older}+alias/images`);
});

test('an image goes on from the build of its parent that it was built of, and from another one where that is named', async () => {
  // GIVEN two builds of the parent, and a child of the first
  const parent = ec2Plan({ delivery: { regions: [] } });
  const source = { type: 'image', image: parent.image, definitionHash: parent.definitionHash, user: 'admin', ssmAgent: false } as const;
  const child = ec2Plan({ definition: { source }, delivery: { regions: [], name: 'child', parameterName: '/golden/child' } });
  const first = { imageId: (await ec2.publish(parent)).id, buildKey: ec2.keysOf(parent).build };
  const machine = await launchMachine(ec2.cloud, {
    region: REGION, plan: child, imageId: first.imageId, origin: first, purpose: 'build', requirements: { managed: true },
  }, ec2.context);
  await machine.stop(60_000);
  const draft = await captureImage(ec2.cloud, machine, { plan: child, keys: ec2.keysOf(child) }, ec2.context);
  await publishImage(ec2.cloud, draft, { checks: {} }, ec2.context);
  await machine.destroy();
  const base = ec2.imageId;
  ec2.imageId = first.imageId;
  const second = { id: (await ec2.publish(parent)).id, buildKey: ec2.keysOf(parent).build };
  ec2.imageId = base;

  // THEN
  expect(await resolve({}, child)).toMatchObject({ id: first.imageId, buildKey: first.buildKey });
  expect(await resolve({ parentKey: first.buildKey }, child)).toMatchObject({ id: first.imageId });
  expect(await resolve({ parentKey: second.buildKey }, child)).toMatchObject({ id: second.id, buildKey: second.buildKey });
});
