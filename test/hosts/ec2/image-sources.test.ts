import { ec2Plan, REGION } from './ec2-fixture';
import { startImages, type ImageFixture } from './image-fixture';
import { resolveSource } from '../../../lib/hosts/ec2/source-resolution';
import type { ImageSource } from '../../../lib/plan/model';

let ec2: ImageFixture;
beforeAll(async () => { ec2 = await startImages(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const base = ec2Plan({ delivery: { regions: [] } });
const source: ImageSource = { type: 'image', image: base.image, definitionHash: base.definitionHash, user: 'admin', ssmAgent: false };
const child = ec2Plan({ definition: { source }, delivery: { regions: [], name: 'child' } });
const resolve = (parentKey?: string) => resolveSource(ec2.cloud, REGION, child, ec2.context, { parentKey });

test('an image starts from the newest published image of its base, as that is defined now', async () => {
  const { id } = await ec2.publish(base);
  expect((await resolve()).id).toBe(id);
});

test('an image starts from the one of a build of its base, where that is named', async () => {
  const { id } = await ec2.publish(base);
  expect((await resolve(ec2.keysOf(base).build)).id).toBe(id);
  await expect(resolve('f'.repeat(64))).rejects.toMatchObject({ code: 'no-source', hint: 'Build it first: golden build Stack/Web' });
});

test('a base that was captured and not published is none', async () => {
  await ec2.capture(base);
  await expect(resolve()).rejects.toMatchObject({ code: 'no-source' });
});

test('two images of one app: the second is launched from the first', async () => {
  const { id } = await ec2.publish(base);
  ec2.imageId = (await resolve(ec2.keysOf(base).build)).id;
  const second = await ec2.publish(child);
  expect(second.id).not.toBe(id);
  const made = ec2.aws.world.region(REGION).images.get(second.id)!;
  expect([made.sourceImageId, made.tags.get('golden:source')]).toEqual([id, id]);
});
