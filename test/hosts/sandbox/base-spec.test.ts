import { baseSpec } from '../../../lib/hosts/sandbox/base-spec';
import type { Definition, MirrorSource, SourceSpec } from '../../../lib/plan/model';
import { sampleDefinition, samplePlan } from '../../support/sample-plan';

const here = process.arch === 'arm64' ? 'arm64' : 'x86_64';
const elsewhere = here === 'arm64' ? 'x86_64' : 'arm64';
const mirror = sampleDefinition.source.local as MirrorSource;

function spec(local: Partial<MirrorSource> = {}, source: Partial<SourceSpec> = {}, definition: Partial<Definition> = {}) {
  return baseSpec(samplePlan({
    ...sampleDefinition,
    machine: { architecture: here, osFamily: 'debian' },
    source: { ...sampleDefinition.source, local: { ...mirror, ...local }, ...source } as SourceSpec,
    ...definition,
  }), async () => undefined);
}

test('a base is named by what it is made of', async () => {
  const { id } = await spec();
  expect(id).toMatch(/^[0-9a-f]{64}$/);
  expect((await spec({ packages: ['sudo'] })).id).not.toBe(id);
  expect((await spec({ suite: 'trixie' })).id).not.toBe(id);
  expect((await spec({ mirrors: [{ ...mirror.mirrors[0], url: 'http://mirror.invalid/debian' }] })).id).not.toBe(id);
  expect((await spec({}, { user: 'somebody' })).id).not.toBe(id);
});

test('the order of packages, and what is installed later, do not change its name', async () => {
  expect((await spec({ packages: ['a', 'b'] })).id).toBe((await spec({ packages: ['b', 'a'] })).id);
  expect((await spec({}, {}, { instructions: [], checks: [] })).id).toBe((await spec()).id);
});

test('a root tar is named by its bytes, wherever they are', async () => {
  const tar = (location: string, sha256: string) => spec({}, { local: { type: 'rootTar', location, sha256 } });
  const { id, description } = await tar('/a.tar', 'a'.repeat(64));
  expect((await tar('http://b.invalid/b.tar', 'a'.repeat(64))).id).toBe(id);
  expect((await tar('/a.tar', 'b'.repeat(64))).id).not.toBe(id);
  expect(description).toBe('root tar /a.tar');
});

test('a source without a local counterpart is refused, with the path of the image', async () => {
  await expect(spec({}, { local: undefined })).rejects.toMatchObject({ code: 'no-local-source', path: 'Stack/Web' });
});

test('an image of another architecture is refused', async () => {
  await expect(spec({}, {}, { machine: { architecture: elsewhere, osFamily: 'debian' } })).rejects.toMatchObject({
    code: 'foreign-architecture', message: `The image is for ${elsewhere}, and this machine is ${here}`,
  });
});

describe('an image that starts from another one', () => {
  const plan = samplePlan({
    ...sampleDefinition,
    machine: { architecture: here, osFamily: 'debian' },
    source: { type: 'image', image: 'Stack/Base', definitionHash: 'd'.repeat(64), user: 'admin', ssmAgent: false },
  });

  test('takes the root tar of that one', async () => {
    const found = await baseSpec(plan, async (image, hash) => ({ type: 'rootTar', location: `/out/${image}`, sha256: hash }));
    expect(found.source).toEqual({ type: 'rootTar', location: '/out/Stack/Base', sha256: 'd'.repeat(64) });
  });

  test('is refused where that one is not built, and told which to build', async () => {
    await expect(baseSpec(plan, async () => undefined)).rejects.toMatchObject({ code: 'image-not-built', hint: 'Build it first: golden build Stack/Base' });
  });
});
