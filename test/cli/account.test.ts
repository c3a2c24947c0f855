import { mkdtempSync, readdirSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { plainDefinition, planOf, writeAssembly } from './sample-assembly';
import { runCli } from '../../lib/cli/cli';
import type { HostOptions } from '../../lib/cli/surroundings';
import { systemClock } from '../../lib/cli/wiring';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import type { StartRecord } from '../../lib/engine/build-record';
import { stateInFolder } from '../../lib/engine/state-folder';
import type { Host } from '../../lib/ports/host';
import { ArtifactHost } from '../support/artifact-host';
import type { JsonEvent } from '../support/golden';
import { TestSurroundings } from '../support/test-surroundings';

let folder: string;
let host: ArtifactHost & Partial<Pick<Host, 'removeArtifacts' | 'policies'>>;
let world: TestSurroundings;
let asked: HostOptions[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'account-'));
  host = new ArtifactHost();
  asked = [];
  world = new TestSurroundings(folder, { GOLDEN_HOME: join(folder, 'home') }, async (options) => {
    asked.push(options);
    return { host, communicators: async () => ({ provision: execCommunicators, bootTest: execCommunicators }) };
  });
});
afterEach(() => {
  expect(world.out + world.err).not.toMatch(/\n\s+at /);
  rmSync(folder, { recursive: true });
});

const web = planOf('Stack/Web');
const golden = (...argv: string[]) => runCli(argv, world);
const state = () => stateInFolder(join(folder, 'home'), systemClock);
const finished = () => world.out.trimEnd().split('\n').map((line) => JSON.parse(line) as JsonEvent).filter(({ type }) => type === 'build.finished')
  .map(({ image, status, error }) => [image, status, (error as { code?: string } | undefined)?.code]);

/** Leaves the record of a build that was killed, begun with these options. */
async function killed(buildId: string, changes: Partial<StartRecord> = {}): Promise<void> {
  writeAssembly(join(folder, 'out'), { web });
  const detail: StartRecord = {
    image: 'Stack/Web',
    definitionHash: web.definitionHash,
    deliveryHash: web.deliveryHash,
    buildKey: await keyOfWeb(),
    host: 'sandbox',
    source: 'a source',
    planFile: join(folder, 'out', 'web.golden-plan.json'),
    bootTest: false,
    useCache: true,
    asked: { host: 'sandbox', output: join(folder, 'golden.out'), onError: 'cleanup', region: 'eu-central-1' },
    ...changes,
  };
  const journal = state().openJournal(buildId);
  await journal.append({ type: 'started', detail: { ...detail } });
  await journal.append({ type: 'intent', act: 'launch', detail: { region: 'eu-central-1' } });
  await journal.close();
}

async function keyOfWeb(): Promise<string> {
  writeAssembly(join(folder, 'keys'), { web });
  host.built.add('Stack/Web');
  await golden('build', '--json', '--app', 'keys');
  host.built.clear();
  const { buildKey } = JSON.parse(world.out.trimEnd().split('\n').pop()!) as { buildKey: string };
  world.out = '';
  asked.splice(0);
  return buildKey;
}

describe('resume', () => {
  test('lists what was killed', async () => {
    await killed('abc');
    await expect(golden('resume', '--list')).resolves.toBe(0);
    expect(world.out.replace(/\d{4}-\S+Z/, 'TIME')).toBe('BUILD  IMAGE      HOST     BEGUN\nabc    Stack/Web  sandbox  TIME\n');
  });

  test('finishes a build as it was asked for: what it left is removed, and its image is there', async () => {
    await killed('abc');
    host.built.add('Stack/Web');
    await expect(golden('resume', '--json')).resolves.toBe(0);
    expect(finished()).toEqual([['Stack/Web', 'unchanged', undefined]]);
    expect(asked).toMatchObject([{ kind: 'sandbox', region: 'eu-central-1', outputFolder: join(folder, 'golden.out') }]);
    expect(host.removed).toEqual([{ buildId: 'abc', intents: [{ act: 'launch', detail: { region: 'eu-central-1' } }] }]);
    expect(await state().builds()).toEqual([]);
    world.out = '';
    await expect(golden('resume')).resolves.toBe(0);
    expect(world.out).toBe('No build was killed.\n');
  });

  const other = planOf('Stack/Web', { ...plainDefinition, instructions: [{ type: 'pause', seconds: 1, origin: 'Pause' }] });
  test.each([
    ['changed', 'plan-changed', () => writeAssembly(join(folder, 'out'), { web: other })],
    ['gone', 'plan-gone', () => rmSync(join(folder, 'out'), { recursive: true })],
  ])('of a plan that is %s says what to do instead', async (_what, code, change) => {
    await killed('abc');
    change();
    await expect(golden('resume', '--json')).resolves.toBe(3);
    expect(finished()).toEqual([['Stack/Web', 'failed', code]]);
    expect(world.out).toContain('golden gc removes what the killed build left');
  });

  test('of a build whose source is another one now builds nothing else in its place', async () => {
    await killed('abc', { buildKey: 'e'.repeat(64) });
    await expect(golden('resume', '--json')).resolves.toBe(4);
    expect(finished()).toEqual([['Stack/Web', 'failed', 'inputs-changed']]);
  });

  test('of a build that is not there is refused', async () => {
    await expect(golden('resume', 'xyz')).resolves.toBe(2);
    expect(world.err).toContain('There is no unfinished build xyz in ');
  });
});

test('gc removes what killed builds left, from their records, in every region that is named; then abandoned locks', async () => {
  await killed('abc');
  host.garbage = ['machine i-1'];
  await expect(golden('gc', '--region', 'us-east-1', '--region', 'eu-west-1')).resolves.toBe(0);
  expect([asked.map(({ region }) => region), host.scopes]).toEqual([['us-east-1'], [{ regions: ['us-east-1', 'eu-west-1'] }]]);
  expect(world.out).toBe('removed machine of abc\nremoved record of the build abc of Stack/Web, which was killed\nremoved machine i-1\nRemoved 3 things.\n');
  expect(readdirSync(join(folder, 'home', 'locks'))).toEqual([]);
});

describe('destroy', () => {
  beforeEach(() => writeAssembly(join(folder, 'out'), { web, other: planOf('Stack/Other') }));

  test('removes only what is confirmed, of the images that are asked for', async () => {
    const calls: [string, boolean][] = [];
    host.removeArtifacts = async (plan, { dryRun }) => {
      calls.push([plan.image, dryRun]);
      return [`image of ${plan.image}`];
    };
    await expect(golden('destroy', '--app', 'out', 'Stack/Web')).resolves.toBe(2);
    expect([world.out, world.err]).toEqual([
      'would remove image of Stack/Web\n',
      'error: Nothing was removed: 1 thing would be, for good\n    Say --yes to remove them, --dry-run to only look.\n',
    ]);
    await expect(golden('destroy', '--app', 'out', '--dry-run')).resolves.toBe(0);
    world.out = '';
    await expect(golden('destroy', '--app', 'out', '--yes', 'Stack/Web')).resolves.toBe(0);
    expect(world.out).toBe('removed image of Stack/Web\nRemoved 1 thing.\n');
    expect(calls).toEqual([['Stack/Web', true], ['Stack/Other', true], ['Stack/Web', true], ['Stack/Web', false]]);
    expect(asked[0].kind).toBe('ec2');
  });

  test('of folders says that they are folders', async () => {
    await expect(golden('destroy', '--app', 'out', '--host', 'sandbox')).resolves.toBe(2);
    expect(world.err).toContain('The artifacts of the host sandbox are folders');
  });
});

test('iam prints a document for each role', async () => {
  writeAssembly(join(folder, 'out'), { web });
  host.policies = async (plans) => [{ name: 'build role', document: { Version: '2012-10-17', for: plans.map(({ image }) => image) } }];
  await expect(golden('iam', '--app', 'out', '--region', 'eu-west-1')).resolves.toBe(0);
  expect(JSON.parse(world.out)).toEqual({ 'build role': { Version: '2012-10-17', for: ['Stack/Web'] } });
  expect(asked[0]).toMatchObject({ kind: 'ec2', region: 'eu-west-1' });
});
