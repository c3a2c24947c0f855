import { existsSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { childOf, plainDefinition, planOf, writeAssembly } from './sample-assembly';
import { runCli } from '../../lib/cli/cli';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { ArtifactHost } from '../support/artifact-host';
import type { JsonEvent } from '../support/golden';
import { TestSurroundings } from '../support/test-surroundings';

let folder: string;
let host: ArtifactHost;
let world: TestSurroundings;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'builds-'));
  host = new ArtifactHost();
  world = new TestSurroundings(folder, { GOLDEN_HOME: join(folder, 'home') }, async () => ({
    host, communicators: async () => ({ provision: execCommunicators, bootTest: execCommunicators }),
  }));
});
afterEach(() => {
  expect(world.out + world.err).not.toMatch(/\n\s+at /);
  rmSync(folder, { recursive: true });
});

const base = planOf('Stack/Base');
const golden = (command: string, ...argv: string[]) => runCli([command, '--app', 'out', ...argv], world);
const events = () => world.out.trimEnd().split('\n').map((line) => JSON.parse(line) as JsonEvent);
const finished = () => events().filter(({ type }) => type === 'build.finished')
  .map(({ image, status, error }) => [image, status, (error as { code?: string } | undefined)?.code]);

test('an unchanged image is said to be so, with its artifact, and ends well', async () => {
  writeAssembly(join(folder, 'out'), { base });
  host.built.add('Stack/Base');

  await expect(golden('build', '--json')).resolves.toBe(0);

  expect(events()[0]).toEqual({
    type: 'build.started', time: '2026-01-02T03:04:05.000Z', image: 'Stack/Base', host: 'sandbox', definitionHash: base.definitionHash, instructions: 0,
  });
  expect(events().pop()).toMatchObject({
    type: 'build.finished',
    image: 'Stack/Base',
    status: 'unchanged',
    definitionHash: base.definitionHash,
    buildKey: expect.stringMatching(/^[0-9a-f]{64}$/),
    artifact: { id: 'out/Stack/Base', files: [{ name: 'root.tar', bytes: 1024, sha256: '1'.repeat(64) }] },
  });
  expect(world.err).toBe('');
});

test('every image ends with a build.finished; one that failed takes those with it that start from it, and no others', async () => {
  const child = childOf(base, 'Stack/Child');
  writeAssembly(join(folder, 'out'), { grandchild: childOf(child, 'Stack/Grandchild'), child, base, other: planOf('Stack/Other') });
  host.built.add('Stack/Other');

  await expect(golden('build', '--json')).resolves.toBe(4);

  expect(finished().sort()).toEqual([
    ['Stack/Base', 'failed', 'no-machines'],
    ['Stack/Child', 'failed', 'parent-failed'],
    ['Stack/Grandchild', 'failed', 'parent-failed'],
    ['Stack/Other', 'unchanged', undefined],
  ]);
});

test('what an image starts from is built with it, and nothing else', async () => {
  const child = childOf(base, 'Stack/Child');
  writeAssembly(join(folder, 'out'), { grandchild: childOf(child, 'Stack/Grandchild'), child, base, other: planOf('Stack/Other') });
  host.built.add('Stack/Base').add('Stack/Child').add('Stack/Grandchild');

  await expect(golden('build', '--json', 'Stack/Grandchild')).resolves.toBe(0);

  expect(finished()).toEqual([['Stack/Base', 'unchanged', undefined], ['Stack/Child', 'unchanged', undefined], ['Stack/Grandchild', 'unchanged', undefined]]);
  const keys = new Map(events().filter(({ type }) => type === 'build.finished').map(({ image, buildKey }) => [image, buildKey]));
  expect(host.parents.get('Stack/Grandchild')).toBe(keys.get('Stack/Child'));
});

test('a parent that is not in the app is named by the host', async () => {
  writeAssembly(join(folder, 'out'), { child: childOf(base, 'Stack/Child') });
  await expect(golden('build', '--json', 'Stack/Child')).resolves.toBe(4);
  expect(finished()).toEqual([['Stack/Child', 'failed', 'parent-not-built']]);
});

test('without --json the same is said in lines', async () => {
  writeAssembly(join(folder, 'out'), { base });
  await expect(golden('build')).resolves.toBe(4);
  expect(world.out).toMatch(/Stack\/Base \| FAILED after 0\.0 s: .*This host has no machines\nStack\/Base \| {3}Use another one\.\n/);
});

test('a signal ends the builds that run, and begins none of those that wait', async () => {
  writeAssembly(join(folder, 'out'), { a: planOf('Stack/A'), b: planOf('Stack/B'), child: childOf(planOf('Stack/A'), 'Stack/Child') });
  host.onLaunch = () => world.controller.abort();

  await expect(golden('build', '--json', '--parallel', '1')).resolves.toBe(130);

  expect(finished().map(([image, status]) => [image, status]).sort()).toEqual([
    ['Stack/A', 'interrupted'], ['Stack/B', 'interrupted'], ['Stack/Child', 'interrupted'],
  ]);
  expect(events().filter(({ type, phase }) => type === 'phase.started' && phase === 'launch')).toHaveLength(1);
});

test('a value that cannot be read fails its build with what to do', async () => {
  const plan = planOf('Stack/Web', { ...plainDefinition, secrets: { token: { from: { type: 'environment', name: 'TOKEN' } } } });
  writeAssembly(join(folder, 'out'), { plan });
  await expect(golden('build', '--json')).resolves.toBe(4);
  expect(finished()).toEqual([['Stack/Web', 'failed', 'missing-value']]);

  world.out = '';
  host.built.add('Stack/Web');
  world.environment.ELSEWHERE = 'x';
  await expect(golden('build', '--json', '--secret', 'token=env:ELSEWHERE')).resolves.toBe(0);
});

test('plan shows what would run, what is cached, and why', async () => {
  const wait = (seconds: number) => ({ type: 'pause', seconds, origin: `Pause${seconds}` }) as const;
  const web = planOf('Stack/Web', { ...plainDefinition, instructions: [wait(1), wait(2), { type: 'reboot', timeoutSeconds: 60, origin: 'Reboot' }] });
  writeAssembly(join(folder, 'out'), { web, child: childOf(web, 'Stack/Child') });
  host.layer = 2;

  await expect(golden('plan')).resolves.toBe(0);

  expect(world.out.replace(/[0-9a-f]{16}/, 'KEY')).toBe(`\
Stack/Child: would be built after Stack/Web, which has no artifact yet

Stack/Web: would be built, 2 of 3 instructions cached
  build key  KEY
  source     a source for tests
  because    it was not built here before
  cached     [1/3] pause   Pause1
  cached     [2/3] pause   Pause2
  run        [3/3] reboot  Reboot
`);
});

test('plan says of an unchanged image that nothing would run; as JSON for programs', async () => {
  writeAssembly(join(folder, 'out'), { base });
  host.built.add('Stack/Base');
  await expect(golden('plan')).resolves.toBe(0);
  expect(world.out.replace(/[0-9a-f]{16}/, 'KEY')).toBe('Stack/Base: unchanged, nothing would run\n  build key  KEY\n  artifact   out/Stack/Base\n');
  world.out = '';
  await expect(golden('plan', '--json')).resolves.toBe(0);
  expect(JSON.parse(world.out)).toMatchObject([{ image: 'Stack/Base', definitionHash: base.definitionHash, artifact: { id: 'out/Stack/Base' } }]);
});

test.each(['gc', 'resume'])('%s removes what a process that was killed had begun to write', async (command) => {
  const history = join(folder, 'home', 'history');
  mkdirSync(history, { recursive: true });
  // Of a process that nobody can see any more.
  const draft = join(history, '0123.json.draft-1-2-01234567-89abcdef');
  writeFileSync(draft, 'half');
  utimesSync(draft, new Date(world.time - 7_200_000), new Date(world.time - 7_200_000));

  await expect(runCli([command], world)).resolves.toBe(0);

  expect(existsSync(draft)).toBe(false);
  expect(world.out).toBe(command === 'gc' ? 'removed unfinished file history/0123.json.draft-1-2-01234567-89abcdef\nRemoved 1 thing.\n' : 'No build was killed.\n');
});

test('gc says what it removed: what the host found, and records that are old', async () => {
  host.garbage = ['machine 1234: its build is gone'];
  for (const [build, days] of [['old', 40], ['recent', 3]] as const) {
    const record = join(folder, 'home', 'builds', build);
    mkdirSync(record, { recursive: true });
    writeFileSync(join(record, 'journal.jsonl'), '');
    const then = new Date(world.time - days * 86_400_000);
    utimesSync(join(record, 'journal.jsonl'), then, then);
  }

  await expect(runCli(['gc'], world)).resolves.toBe(0);

  expect(world.out).toBe('removed machine 1234: its build is gone\nremoved record of the build old, older than 30 days\nRemoved 2 things.\n');
  expect(existsSync(join(folder, 'home', 'builds', 'recent'))).toBe(true);
  world.out = '';
  await expect(runCli(['gc'], world)).resolves.toBe(0);
  expect(world.out).toBe('Nothing to remove.\n');
});
