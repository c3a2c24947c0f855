import { createHash } from 'crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { basename, join } from 'path';
import { ArtifactStore } from '../../../lib/hosts/sandbox/artifact-store';
import { collectGarbage } from '../../../lib/hosts/sandbox/garbage';
import { SandboxFolder } from '../../../lib/hosts/sandbox/sandbox-folder';
import { SandboxHost } from '../../../lib/hosts/sandbox/sandbox-host';
import type { Plan } from '../../../lib/plan/model';
import type { DraftArtifact } from '../../../lib/ports/host';
import { samplePlan } from '../../support/sample-plan';

const KEY = 'b'.repeat(64);
const plan = samplePlan();
const signal = new AbortController().signal;
let folder: string;
let store: ArtifactStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-artifacts-'));
  store = new ArtifactStore(folder);
});
afterEach(() => rmSync(folder, { recursive: true }));

function draft(content: string, key = KEY): Promise<DraftArtifact> {
  return store.draft(store.draftFolder(plan), plan, key, async (into) => {
    writeFileSync(join(into, 'root.tar'), content);
    return ['root.tar'];
  }, signal);
}

const images = () => readdirSync(join(folder, 'Stack-Web'));

test('a folder that cannot be written to is refused, with what to do', async () => {
  await expect(store.prepare()).resolves.toBeUndefined();
  writeFileSync(join(folder, 'file'), '');
  for (const place of [join(folder, 'file'), join(folder, 'file', 'below')]) {
    await expect(new ArtifactStore(place).prepare()).rejects.toMatchObject({
      code: 'unwritable-folder', kind: 'environment', message: expect.stringContaining(place), hint: expect.stringContaining('--output'),
    });
  }
});

test('a draft is hidden, and lists its files with their sizes and digests', async () => {
  const made = await draft('root');
  expect(made.files).toEqual([{ name: 'root.tar', bytes: 4, sha256: createHash('sha256').update('root').digest('hex') }]);
  expect(images()).toEqual([expect.stringMatching(/^\.draft-/)]);
  expect(await store.find(plan, KEY)).toBeUndefined();
});

test('publishing gives it its manifest and its name, and leaves nothing else', async () => {
  const artifact = await store.publish(await draft('root'), { tool: 'golden 1', buildKey: 'not this one' });
  expect(images()).toEqual(['b'.repeat(16)]);
  expect(readdirSync(artifact.id).sort()).toEqual(['manifest.json', 'root.tar']);
  expect(JSON.parse(readFileSync(join(artifact.id, 'manifest.json'), 'utf8'))).toEqual({
    tool: 'golden 1', buildKey: KEY, definitionHash: plan.definitionHash, files: artifact.files,
  });
  expect(await store.find(plan, KEY)).toEqual(artifact);
});

test('a second artifact of a key takes the place of the first', async () => {
  await store.publish(await draft('first'), {});
  const second = await store.publish(await draft('second'), {});
  expect(images()).toEqual(['b'.repeat(16)]);
  expect(readFileSync(join(second.id, 'root.tar'), 'utf8')).toBe('second');
});

test('a draft that fails leaves nothing', async () => {
  const failing = store.draft(store.draftFolder(plan), plan, KEY, async (into) => {
    writeFileSync(join(into, 'root.tar'), 'half');
    throw new Error('no more');
  }, signal);
  await expect(failing).rejects.toThrow('no more');
  expect(images()).toEqual([]);
});

test.each([
  ['a file is missing', (id: string) => rmSync(join(id, 'root.tar'))],
  ['a file has another size', (id: string) => writeFileSync(join(id, 'root.tar'), 'longer than it was')],
  ['the manifest is of another key', (id: string) => writeFileSync(join(id, 'manifest.json'), JSON.stringify({ buildKey: 'b'.repeat(63) + 'c', files: [] }))],
  ['the manifest is cut off', (id: string) => writeFileSync(join(id, 'manifest.json'), '{"buildKey": "bb')],
  ['the manifest is not there', (id: string) => rmSync(join(id, 'manifest.json'))],
])('an artifact is not found where %s', async (_, damage) => {
  const { id } = await store.publish(await draft('root'), {});
  damage(id);
  expect(await store.find(plan, KEY)).toBeUndefined();
});

test('the root tars of an image are found by its definition, whatever their keys, the newest first', async () => {
  expect(await store.findRootTars('Stack/Web', plan.definitionHash)).toEqual([]);
  const older = await store.publish(await draft('root', 'f'.repeat(64)), {});
  utimesSync(join(older.id, 'manifest.json'), 1, 1);
  const { id, files } = await store.publish(await draft('another root'), {});
  expect(await store.findRootTars('Stack/Web', plan.definitionHash)).toEqual([
    { buildKey: KEY, source: { type: 'rootTar', location: join(id, 'root.tar'), sha256: files[0].sha256 } },
    { buildKey: 'f'.repeat(64), source: { type: 'rootTar', location: join(older.id, 'root.tar'), sha256: older.files[0].sha256 } },
  ]);
  expect(await store.findRootTars('Stack/Web', 'c'.repeat(64))).toEqual([]);
  expect(await store.findRootTars('Stack/Other', plan.definitionHash)).toEqual([]);
});

test('an image starts from the artifact of its parent that was just built or found, else from the newest', async () => {
  // GIVEN the parent was built with one value, then with another
  const older = await store.publish(await draft('root', 'f'.repeat(64)), {});
  utimesSync(join(older.id, 'manifest.json'), 1, 1);
  await store.publish(await draft('another root'), {});
  const source = { type: 'image' as const, image: plan.image, definitionHash: plan.definitionHash, user: 'admin', ssmAgent: false };
  const child: Plan = { ...plan, image: 'Stack/Child', definition: { ...plan.definition, source } };
  const host = new SandboxHost({ stateFolder: join(folder, 'state'), outputFolder: folder });

  // THEN
  const [newest, first, last] = await Promise.all([undefined, 'f'.repeat(64), KEY].map((parentKey) => host.resolve(child, undefined, { parentKey })));
  expect(newest).toEqual(last);
  expect(first.id).not.toBe(last.id);
  await expect(host.resolve(child, undefined, { parentKey: 'e'.repeat(64) })).rejects.toMatchObject({ code: 'image-not-built' });
});

describe('a draft of a process that is gone', () => {
  const none = async () => undefined;
  /** As if the one who captured it had been killed: here, or elsewhere. */
  async function abandoned(): Promise<string> {
    const { id } = await draft('root');
    const theirs = join(folder, 'Stack-Web', '.draft-999999999-1-ab');
    renameSync(id, theirs);
    return theirs;
  }

  test('is taken over whole, with its record, and published as if it were ours', async () => {
    const theirs = await abandoned();
    const told: string[] = [];
    const ours = await store.adopt(plan, KEY, async (into) => { told.push(into); expect(existsSync(theirs)).toBe(true); }, signal);
    expect(told).toEqual([ours!.id]);
    expect([existsSync(theirs), images()]).toEqual([false, [basename(ours!.id)]]);
    const artifact = await store.publish(ours!, { tool: 'golden 1' });
    expect(readdirSync(artifact.id).sort()).toEqual(['manifest.json', 'root.tar']);
    expect(await store.find(plan, KEY)).toEqual(artifact);
  });

  test.each([
    ['it was killed while it wrote', (theirs: string) => rmSync(join(theirs, 'manifest.json'))],
    ['a file is as long, and another one', (theirs: string) => writeFileSync(join(theirs, 'root.tar'), 'toor')],
    ['a file is cut off', (theirs: string) => writeFileSync(join(theirs, 'root.tar'), 'ro')],
    ['it lives', (theirs: string) => renameSync(theirs, store.draftFolder(plan))],
  ])('is left to be removed where %s', async (_, damage) => {
    damage(await abandoned());
    expect(await store.adopt(plan, KEY, none, signal)).toBeUndefined();
  });

  test('is none of another key', async () => {
    await abandoned();
    expect(await store.adopt(plan, 'c'.repeat(64), none, signal)).toBeUndefined();
  });

  test('is removed with its build, wherever it lies, and nothing else that lies there', async () => {
    const theirs = await abandoned();
    writeFileSync(join(folder, 'Stack-Web', '.hidden'), '');
    const host = new SandboxHost({ stateFolder: join(folder, 'state'), outputFolder: join(folder, 'elsewhere') });
    expect(await host.collectGarbage()).toEqual([]);
    const removed = await host.removeBuild({ buildId: 'b1', intents: [{ act: 'draft-artifact', detail: { folder: theirs } }] });
    expect(removed).toEqual([`unpublished artifact ${theirs}`]);
    expect(images()).toEqual(['.hidden']);
  });
});

test('with a build its machines are removed, and none that another build left to be looked at', async () => {
  const machines = join(folder, 'state', 'sandbox', 'machines');
  for (const id of ['aaa1', 'bbb2']) {
    mkdirSync(join(machines, id), { recursive: true });
    writeFileSync(join(machines, id, 'machine.json'), JSON.stringify({ id, owner: { pid: 999999999, started: 1 } }));
  }
  const host = new SandboxHost({ stateFolder: join(folder, 'state'), outputFolder: folder });
  expect(await host.removeBuild({ buildId: 'b1', intents: [{ act: 'launch-machine', detail: { id: 'aaa1' } }] })).toEqual(['machine aaa1: its build is gone']);
  expect(readdirSync(machines)).toEqual(['bbb2']);
  expect(await host.collectGarbage()).toEqual(['machine bbb2: its build is gone']);
});

describe('collecting garbage', () => {
  const collect = () => collectGarbage(new SandboxFolder(join(folder, 'state')), folder);

  test('leaves the draft of a running process and a published artifact alone', async () => {
    await store.publish(await draft('root'), {});
    const mine = await draft('another', 'c'.repeat(64));
    expect(await collect()).toEqual([]);
    expect(existsSync(mine.id)).toBe(true);
    expect(await store.find(plan, KEY)).toBeDefined();
  });

  test('removes the draft of a process that is gone, and of one whose number another process has now', async () => {
    for (const name of ['.draft-999999999-1-ab', `.draft-${process.pid}-1-ab`]) { mkdirSync(join(folder, 'Stack-Web', name), { recursive: true }); }
    expect(await collect()).toHaveLength(2);
    expect(images()).toEqual([]);
  });

  test('brings back an artifact that was moved out of the way by a publication that never ended', async () => {
    const { id } = await store.publish(await draft('root'), {});
    const replaced = join(folder, 'Stack-Web', `.${'b'.repeat(16)}.replaced`);
    renameSync(id, replaced);
    await collect();
    expect(await store.find(plan, KEY)).toBeDefined();
    expect(existsSync(replaced)).toBe(false);
  });

  test('removes drafts of bases, layers and machines whose process is gone', async () => {
    for (const kind of ['bases', 'layers', 'machines']) { mkdirSync(join(folder, 'state', 'sandbox', kind, '.draft-999999999-1-ab', 'root'), { recursive: true }); }
    mkdirSync(join(folder, 'state', 'sandbox', 'bases', 'finished'));
    expect(await collect()).toEqual([expect.stringMatching(/^unfinished machine /), expect.stringMatching(/^unfinished base /), expect.stringMatching(/^unfinished layer /)]);
    expect(readdirSync(join(folder, 'state', 'sandbox', 'bases'))).toEqual(['finished']);
  });
});
