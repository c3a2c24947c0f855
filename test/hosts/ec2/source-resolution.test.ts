import { ec2Plan, REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { resolveSource } from '../../../lib/hosts/ec2/source-resolution';
import type { Definition } from '../../../lib/plan/model';

let ec2: Ec2Fixture;
beforeAll(async () => { ec2 = await startEc2(); });
afterAll(() => ec2?.stop());
beforeEach(() => ec2.reset());

const common = { user: 'admin', ssmAgent: false } as const;
const resolve = (source: Definition['source'], changes = {}) => resolveSource(ec2.cloud, REGION, ec2Plan({ definition: { source }, ...changes }), ec2.context);
const debian = { ...common, type: 'filter', owners: ['136693071363'], filters: { name: ['debian-12-amd64-*'] }, mostRecent: true } as const;

test('a filter finds the AMI, and says which', async () => {
  const { id, description } = await resolve(debian);
  expect(id).toMatch(/^ami-[0-9a-f]{8,17}$/);
  expect(description).toContain(id);
  expect(await resolve(debian)).toEqual({ id, description, isNew: true });
});

test('another key, or none, makes other disks of the same source', async () => {
  const { id } = await resolve(debian);
  const key = { type: 'literal', value: 'alias/images' } as const;
  expect((await resolve(debian, { delivery: { encryption: { encrypted: true, key } } })).id).toBe(`${id}+alias/images`);
  expect((await resolve(debian, { delivery: { encryption: { encrypted: false } } })).id).toBe(`${id}+unencrypted`);
});

test('an ID and a parameter name one AMI', async () => {
  const { id } = await resolve(debian);
  expect((await resolve({ ...common, type: 'ami', imageId: id })).id).toBe(id);
  await expect(resolve({ ...common, type: 'ami', imageId: 'ami-00000000' })).rejects.toMatchObject({
    code: 'no-source', message: 'There is no AMI ami-00000000 in us-east-2 that this account may use',
  });
  await expect(resolve({ ...common, type: 'ssm', parameter: '/none' })).rejects.toMatchObject({ code: 'no-source', message: 'There is no parameter /none in us-east-2' });
});

test('a filter that finds nothing is refused, and shown', async () => {
  await expect(resolve({ ...debian, filters: { name: ['nothing-*'] } })).rejects.toMatchObject({
    code: 'no-source', message: 'No AMI in us-east-2 matches: owners 136693071363; name = nothing-*',
  });
});

test('several matches are refused unless the newest is wanted, and shown', async () => {
  const several = { ...debian, owners: ['amazon', '099720109477', '136693071363'], filters: { 'virtualization-type': ['hvm'] }, mostRecent: false };
  await expect(resolve(several)).rejects.toMatchObject({
    code: 'ambiguous-source', message: expect.stringMatching(/^\d+ AMIs in us-east-2 match: owners .*; virtualization-type = hvm\n {2}ami-/), hint: expect.stringContaining('mostRecent'),
  });
});

test('an AMI of another architecture is refused', async () => {
  const machine = { architecture: 'arm64', osFamily: 'debian' } as const;
  await expect(resolve(debian, { definition: { source: debian, machine } })).rejects.toMatchObject({
    code: 'wrong-architecture', kind: 'invalid', message: expect.stringContaining('is for x86_64, and the image for arm64'),
  });
});

test('an image that was not built says how to build it', async () => {
  await expect(resolve({ ...common, type: 'image', image: 'Stack/Base', definitionHash: 'c'.repeat(64) })).rejects.toMatchObject({
    code: 'no-source', hint: 'Build it first: golden build Stack/Base',
  });
});

test('a source without a cloud is refused', async () => {
  const local = { type: 'rootTar', location: 'x', sha256: 'a'.repeat(64) } as const;
  await expect(resolve({ ...common, type: 'local', local })).rejects.toMatchObject({ code: 'local-source', hint: expect.stringContaining('--host sandbox') });
});
