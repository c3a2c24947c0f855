import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { CreateBucketCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { REGION, startEc2, type Ec2Fixture } from './ec2-fixture';
import { runCli } from '../../../lib/cli/cli';
import { systemClock } from '../../../lib/cli/wiring';
import { s3State } from '../../../lib/hosts/ec2/s3-state';
import type { Clock } from '../../../lib/ports/clock';
import type { StateStore } from '../../../lib/ports/state';
import { ArtifactHost } from '../../support/artifact-host';
import { Dice, MUTATIONS } from '../../support/mutations';
import { TestSurroundings } from '../../support/test-surroundings';

const SEED = Number(process.env.SEED ?? 20261129);
const NAMES = Object.keys(MUTATIONS);
const BUCKET = 'state';
const KEY = 'd'.repeat(64);
const later = (milliseconds: number): Clock => ({ ...systemClock, now: () => Date.now() + milliseconds });

const folder = mkdtempSync(join(tmpdir(), 'hostile-state-'));
let ec2: Ec2Fixture;
beforeAll(async () => { ec2 = await startEc2(); });
afterAll(async () => {
  await ec2?.stop();
  rmSync(folder, { recursive: true });
});

/** Records and locks in S3 that nobody else uses, and the command around them. */
class Place {
  readonly client = ec2.cloud.clients.s3(REGION);
  readonly host = new ArtifactHost();
  readonly world = new TestSurroundings(folder, { GOLDEN_HOME: join(folder, 'home') }, async () => ({
    host: this.host, communicators: () => Promise.reject(new Error('no machines')),
  }));

  constructor(readonly prefix: string) {
    this.world.time = Date.now();
    Object.assign(this.world, { states: async () => this.state(this.world.clock) });
  }

  state(clock: Clock = systemClock): StateStore {
    return s3State({ client: this.client, bucket: BUCKET, prefix: this.prefix }, clock);
  }

  url(key: string): string {
    return `s3://${BUCKET}/${this.prefix}${key}`;
  }

  async put(key: string, content: string | Buffer): Promise<void> {
    const ContentLength = Buffer.byteLength(content);
    await this.client.send(new PutObjectCommand({ Bucket: BUCKET, Key: this.prefix + key, Body: content, ContentLength }));
  }

  async read(key: string): Promise<Buffer> {
    const { Body } = await this.client.send(new GetObjectCommand({ Bucket: BUCKET, Key: this.prefix + key }));
    return Buffer.from(await Body!.transformToByteArray());
  }

  async objects(): Promise<number> {
    return (await this.client.send(new ListObjectsV2Command({ Bucket: BUCKET, Prefix: this.prefix }))).KeyCount!;
  }

  /** The journal of a build that was killed: an object of its first record, and one of those that came together. */
  async putBuild(build: string, objects: readonly (string | Buffer)[]): Promise<void> {
    await Promise.all([this.put(`open/${build}`, ''), ...objects.map((text, index) => this.put(`builds/${build}/00000000${index + 1}.json`, text))]);
  }

  async golden(...argv: readonly string[]): Promise<number> {
    this.world.out = this.world.err = '';
    const exitCode = await runCli([...argv, '--state', this.url('')], this.world);
    expect(this.world.out + this.world.err).not.toMatch(/\n\s+at |fault of its own|undefined|NaN|\[object/);
    // eslint-disable-next-line no-control-regex
    expect(this.world.out + this.world.err).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
    return exitCode;
  }

  /** What was complained of: a line, and one that says what to do. */
  complaints(): readonly string[] {
    return this.world.err.split(/^error: /m).filter(Boolean);
  }
}

const places = new Set<string>();
async function place(prefix: string): Promise<Place> {
  if (places.size === 0) {
    await ec2.cloud.clients.s3(REGION).send(new CreateBucketCommand({ Bucket: BUCKET, CreateBucketConfiguration: { LocationConstraint: REGION } }));
  }
  places.add(prefix);
  return new Place(prefix);
}

function journalOf(buildKey: string): readonly string[] {
  const hash = 'a'.repeat(64);
  const records = [
    {
      type: 'started',
      detail: { image: 'Stack/Web', definitionHash: hash, deliveryHash: hash, buildKey, host: 'sandbox', source: 'a', planFile: '/p', bootTest: false, useCache: true },
    },
    { type: 'event', act: 'phase.started', detail: { phase: 'launch' } },
    { type: 'intent', act: 'launch', detail: { layer: hash } },
  ].map((record, i) => `${JSON.stringify({ sequence: i + 1, time: '2026-01-02T03:04:05.000Z', ...record })}\n`);
  return [records[0], records[1] + records[2]];
}

test('160 journals in S3 of which an object is damaged are told with the object, keep nobody from the others, and are not removed', async () => {
  const there = await place('journals/');
  const cases = Array.from({ length: 160 }, (_, n) => {
    const dice = new Dice(SEED + n);
    // Records that came together are in one object.
    const objects: (string | Buffer)[] = n % 4 === 0 ? [...journalOf(KEY)] : [journalOf(KEY).join('')];
    const hit = dice.below(objects.length);
    objects[hit] = MUTATIONS[NAMES[n % NAMES.length]](objects[hit] as string, dice);
    return { build: `lost-${n}`, objects, hit: `builds/lost-${n}/00000000${hit + 1}.json`, name: NAMES[n % NAMES.length] };
  });
  await Promise.all(cases.map(({ build, objects }) => there.putBuild(build, objects)));
  for (const digit of ['1', '2']) { await there.putBuild(`whole-${digit}`, journalOf(digit.repeat(64))); }

  expect(await there.golden('resume', '--list')).toBe(4);
  expect(there.world.out).toMatch(/^whole-1 /m);
  expect(there.world.out).toMatch(/^whole-2 /m);
  const damaged = cases.filter(({ build }) => !new RegExp(`^${build} `, 'm').test(there.world.out) && there.world.err.includes(`/${build}/`));
  expect(damaged.length).toBeGreaterThan(80);
  // One complaint for each, with the very object that is damaged.
  expect(there.complaints()).toHaveLength(damaged.length);
  for (const { hit, build, name } of damaged) {
    const complaint = there.complaints().find((text) => text.includes(`/${build}/`))!;
    // Where its first record is lost, what is missing is told of what is there.
    const isLost = complaint.includes('it does not say what was begun');
    expect(`${name}: ${complaint}`).toMatch(new RegExp(`^${name}: ${there.url(isLost ? `builds/${build}/` : hit)}\\S*:\\d+(:\\d+)?: The file is damaged: `));
    expect(complaint).toContain(`Remove them when you have looked: ${there.url(`builds/${build}/`)}`);
  }
}, 120_000);

test('what is damaged keeps nobody from collecting the others, and is not removed', async () => {
  const there = await place('collected/');
  const [first, second] = journalOf(KEY);
  await there.putBuild('torn', [first, second.slice(0, 150)]);
  await there.putBuild('whole', journalOf('1'.repeat(64)));
  expect(await there.golden('gc')).toBe(4);
  expect(there.host.removed.map(({ buildId }) => buildId)).toEqual(['whole']);
  expect((await there.read('builds/torn/000000002.json')).toString()).toBe(second.slice(0, 150));
});

test('40 locks in S3 that are damaged are told with the object at once, and are taken over when nobody can be renewing them', async () => {
  const there = await place('locks/');
  const lock = JSON.stringify({ buildId: 'gone', image: 'Stack/Web', pid: 4711, host: 'elsewhere', renewal: 3 });
  const options = (clock: Clock) => ({ buildId: 'ours', image: 'Stack/Web', clock, signal: AbortSignal.timeout(30_000), onWait: () => { throw new Error('waited for'); } });
  let damaged = 0;
  await Promise.all(Array.from({ length: 40 }, async (_, n) => {
    const dice = new Dice(SEED + n);
    const key = `${n}`.padStart(64, '0');
    await there.put(`locks/${key}.json`, MUTATIONS[NAMES[n % NAMES.length]](lock, dice));
    const told = await there.state().lockOwner(key).then((owner) => { expect(owner).toHaveProperty('buildId'); }, (error: unknown) => error);
    if (!told) { return; }
    damaged++;
    const unreadable = { code: 'unreadable-lock', message: `The lock ${there.url(`locks/${key}.json`)} cannot be read: it does not say who has it`, hint: expect.stringContaining('2 minutes') };
    expect(told).toMatchObject(unreadable);
    await expect(there.state().acquireLock(key, options(systemClock))).rejects.toMatchObject(unreadable);
    const clock = later(180_000);
    expect(await there.state(clock).lockOwner(key)).toBeUndefined();
    const { lock: taken } = await there.state(clock).acquireLock(key, options(clock));
    await taken.release();
  }));
  expect(damaged).toBeGreaterThan(20);
  expect(await there.objects()).toBe(40 - damaged);
}, 120_000);

test('a lock that is damaged keeps a build from being collected, and not the others', async () => {
  const there = await place('mixed/');
  await there.putBuild('locked', journalOf(KEY));
  await there.putBuild('whole', journalOf('1'.repeat(64)));
  await there.put(`locks/${KEY}.json`, '{"buildId": 1}');
  expect(await there.golden('gc')).toBe(4);
  expect(there.complaints()).toEqual([expect.stringMatching(new RegExp(`^The lock ${there.url(`locks/${KEY}.json`)} cannot be read: .+\n {4}Nobody can be renewing it: try again in 2 minutes`))]);
  expect(there.host.removed.map(({ buildId }) => buildId)).toEqual(['whole']);
  there.world.time += 180_000;
  expect(await there.golden('gc')).toBe(0);
  expect(there.host.removed.map(({ buildId }) => buildId)).toEqual(['whole', 'locked']);
  expect(await there.objects()).toBe(0);
});

test('objects of sizes that nobody wrote are not read', async () => {
  const there = await place('huge/');
  const huge = Buffer.alloc((16 << 20) + 1, ' ');
  await there.putBuild('large', [journalOf(KEY)[0], huge]);
  await there.put(`locks/${KEY}.json`, huge);
  expect(await there.golden('resume', '--list')).toBe(4);
  expect(there.complaints()).toEqual([expect.stringContaining(`${there.url('builds/large/000000002.json')}: The file is damaged: nobody recorded the 16777217 bytes that it has`)]);
  await expect(there.state().lockOwner(KEY)).rejects.toMatchObject({ code: 'unreadable-lock' });
});

test('objects that are none of ours are told, or passed over', async () => {
  const there = await place('foreign/');
  await there.putBuild('of "another" tool', journalOf(KEY));
  await there.put('open/', '');
  await there.put('builds/strange/notes.txt', 'Do not remove!');
  await there.put('open/strange', '');
  expect(await there.golden('resume', '--list')).toBe(4);
  expect(there.complaints()).toEqual([expect.stringContaining(`${there.url('builds/strange/notes.txt')}:1:1: The file is damaged: `)]);
  expect(there.world.out).toMatch(/^of "another" tool +Stack\/Web/m);
});
