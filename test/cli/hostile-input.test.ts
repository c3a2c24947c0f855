import { spawnSync } from 'child_process';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, utimesSync, writeFileSync } from 'fs';
import { hostname, tmpdir } from 'os';
import { dirname, join } from 'path';
import { planOf, writeAssembly } from './sample-assembly';
import { runCli } from '../../lib/cli/cli';
import { execCommunicators } from '../../lib/communicators/exec/exec-communicator';
import { thisProcess } from '../../lib/engine/process-identity';
import { canonicalJson } from '../../lib/plan/canonical-json';
import { ArtifactHost } from '../support/artifact-host';
import { Dice, MUTATIONS } from '../support/mutations';
import { TestSurroundings } from '../support/test-surroundings';

const SEED = Number(process.env.SEED ?? 20261129);

/** No command over small files takes longer, on a computer that has much else to do. */
const BOUND_MS = 60_000;

const around = mkdtempSync(join(tmpdir(), 'hostile-'));
afterAll(() => rmSync(around, { recursive: true }));
let count = 0;

/** A project with an assembly, a state folder with two builds that were killed, and an output folder with an image. */
class Project {
  readonly folder = join(around, String(count++), 'project');
  readonly host = new ArtifactHost();
  readonly world = new TestSurroundings(this.folder, { GOLDEN_HOME: join(this.folder, 'home') }, async () => ({
    host: this.host, communicators: async () => ({ provision: execCommunicators, bootTest: execCommunicators }),
  }));

  constructor() {
    writeAssembly(join(this.folder, 'out'), { web: planOf('Stack/Web'), other: planOf('Stack/Other') });
    for (const [build, key] of [['first', '1'], ['second', '2']]) { this.write(`home/builds/${build}/journal.jsonl`, this.journal('Stack/Web', key.repeat(64))); }
    this.write('golden.out/Stack-Web/0123456789abcdef/manifest.json', JSON.stringify({
      version: 1, buildKey: 'b'.repeat(64), definitionHash: planOf('Stack/Web').definitionHash, files: [{ name: 'root.tar', bytes: 3, sha256: 'c'.repeat(64) }],
    }));
  }

  /** What a build had recorded until it was killed. */
  journal(image: string, buildKey: string): string {
    const { definitionHash, deliveryHash } = planOf(image);
    return [
      {
        type: 'started',
        detail: {
          image,
          definitionHash,
          deliveryHash,
          buildKey,
          host: 'sandbox',
          source: 'a source',
          planFile: join(this.folder, 'out', 'web.golden-plan.json'),
          bootTest: false,
          useCache: true,
          asked: { host: 'sandbox', output: join(this.folder, 'golden.out'), onError: 'cleanup', allowHostLoopback: false },
        },
      },
      { type: 'event', act: 'phase.started', detail: { phase: 'launch' } },
      { type: 'intent', act: 'launch', detail: { layer: 'a'.repeat(64) } },
    ].map((record, i) => `${JSON.stringify({ sequence: i + 1, time: '2026-01-02T03:04:05.000Z', ...record })}\n`).join('');
  }

  write(file: string, content: string | Buffer): void {
    mkdirSync(dirname(join(this.folder, file)), { recursive: true });
    writeFileSync(join(this.folder, file), content);
  }

  read(file: string): string {
    return readFileSync(join(this.folder, file), 'utf8');
  }

  /** All that lies beside the folders that the command may write to, and what it must never touch. */
  outside(): string[] {
    return [...readdirSync(dirname(this.folder)), ...readdirSync(this.folder), ...readdirSync(join(this.folder, 'out'))].sort();
  }

  async golden(...argv: string[]): Promise<number> {
    this.world.out = this.world.err = '';
    const patience = setTimeout(() => this.world.controller.abort(), BOUND_MS / 2);
    const begin = Date.now();
    const outside = this.outside();
    const exitCode = await runCli(argv, this.world);
    clearTimeout(patience);
    const said = this.world.out + this.world.err;
    expect(said).not.toMatch(/\n\s+at |fault of its own|undefined|NaN|\[object/);
    // eslint-disable-next-line no-control-regex
    expect(said).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
    expect(said.length).toBeLessThan(200_000);
    expect([0, 2, 3, 4]).toContain(exitCode);
    expect(Date.now() - begin).toBeLessThan(BOUND_MS);
    expect(this.outside()).toEqual(outside);
    return exitCode;
  }
}

/** Runs a case for each number; what fails says how to see it again. */
async function cases(first: number, length: number, run: (dice: Dice, mutation: string) => Promise<void>): Promise<void> {
  const names = Object.keys(MUTATIONS);
  for (let n = first; n < first + length; n++) {
    const mutation = names[n % names.length];
    try {
      await run(new Dice(SEED + n), mutation);
    } catch (error) {
      throw new Error(`SEED=${SEED}, case ${n}: ${mutation}: ${(error as Error).message}`, { cause: error });
    }
  }
}

const APP = ['--app', 'out'];
const POSITION = /error: (?:The assembly has|\S+ has|\S+:\d+:\d+: |\S+\.json)/;

test('500 plans and manifests that are damaged are read, or refused with the place of the fault', async () => {
  const project = new Project();
  const commands = [...Array<string[]>(5).fill(['validate', ...APP]), ...Array<string[]>(5).fill(['list', ...APP]), ['plan', ...APP], ['build', '--json', ...APP], ['destroy', '--yes', ...APP]];
  let refused = 0;
  await cases(0, 500, async (dice, mutation) => {
    const file = dice.of(['out/web.golden-plan.json', 'out/web.golden-plan.json', 'out/manifest.json']);
    const whole = project.read(file);
    project.write(file, MUTATIONS[mutation](whole, dice));
    try {
      const exitCode = await project.golden(...dice.of(commands));
      if (exitCode !== 3) { return; }
      refused++;
      if (/no-images|declares no images/.test(project.world.err)) { return; }
      expect(project.world.err).toMatch(POSITION);
      expect(project.world.err).toContain(file.slice('out/'.length));
    } finally {
      project.write(file, whole);
    }
  });
  // Names of constructs, members that nobody reads and the like may change.
  expect(refused).toBeGreaterThan(350);
}, 300_000);

test('300 journals that are damaged keep nobody from the builds of the others, and are not removed', async () => {
  const project = new Project();
  let damaged = 0;
  await cases(500, 300, async (dice, mutation) => {
    const whole = project.journal('Stack/Lost', 'd'.repeat(64));
    const content = MUTATIONS[mutation](whole, dice);
    project.write('home/builds/lost/journal.jsonl', content);
    for (const build of ['first', 'second']) { project.write(`home/builds/${build}/journal.jsonl`, project.journal('Stack/Web', (build === 'first' ? '1' : '2').repeat(64))); }
    project.host.removed.length = 0;
    if (dice.below(10) > 0) {
      const exitCode = await project.golden('resume', '--list');
      expect(project.world.out).toMatch(/^first /m);
      expect(project.world.out).toMatch(/^second /m);
      expect(exitCode).toBe(project.world.err === '' ? 0 : 4);
    } else {
      const exitCode = await project.golden('gc');
      expect(project.host.removed.map(({ buildId }) => buildId)).toEqual(expect.arrayContaining(['first', 'second']));
      expect(exitCode).toBe(project.world.err === '' ? 0 : 4);
    }
    if (project.world.err === '') { return; }
    damaged++;
    expect(project.world.err).toContain(`error: ${join(project.folder, 'home', 'builds', 'lost', 'journal.jsonl')}:`);
    expect(project.world.err).toMatch(/journal\.jsonl(:\d+){1,2}: The file is damaged: .+\n {4}.*Remove them when you have looked: /);
    // Nobody's record is thrown away that could not be read.
    expect(readFileSync(join(project.folder, 'home/builds/lost/journal.jsonl')).equals(Buffer.from(content))).toBe(true);
  });
  expect(damaged).toBeGreaterThan(150);
}, 300_000);

test('100 locks that are damaged keep nobody from the builds of the others, and go when nobody can be renewing them', async () => {
  const project = new Project();
  const lock = JSON.stringify({ buildId: 'gone', image: 'Stack/Web', host: hostname(), ...thisProcess(), pid: 999_999_999 });
  await cases(800, 100, async (dice, mutation) => {
    const key = join('home/locks', `${'1'.repeat(64)}.lock`);
    project.write(key, MUTATIONS[mutation](lock, dice));
    for (const [build, digit] of [['first', '1'], ['second', '2']]) { project.write(`home/builds/${build}/journal.jsonl`, project.journal('Stack/Web', digit.repeat(64))); }
    project.host.removed.length = 0;
    project.world.time = Date.now();
    expect(await project.golden('gc')).toBe(project.world.err === '' ? 0 : 4);
    expect(project.host.removed.map(({ buildId }) => buildId)).toContain('second');
    if (project.world.err === '') { return; }
    expect(project.world.err).toContain(`error: The lock ${join(project.folder, key)} cannot be read: `);
    // WHEN it is not of these minutes, by whatever clock
    const old = new Date(Date.now() + dice.of([-1, 1]) * 120_000);
    utimesSync(join(project.folder, key), old, old);
    expect(await project.golden('gc')).toBe(0);
    expect(project.host.removed.map(({ buildId }) => buildId)).toContain('first');
  });
}, 300_000);

test('100 salts, histories and manifests of artifacts that are damaged are done without, or said', async () => {
  const project = new Project();
  const history = 'home/history/' + 'x.json';
  await cases(900, 100, async (dice, mutation) => {
    const file = dice.of(['home/salt', history, 'golden.out/Stack-Web/0123456789abcdef/manifest.json', 'cdk.json']);
    const whole = file.endsWith('salt') ? 'a'.repeat(64) : file.endsWith('cdk.json') ? '{"app": "out", "context": {"a": 1}}' : file === history
      ? canonicalJson({ version: 1, image: 'Stack/Web', layers: [], instructions: [], parameters: {}, secrets: {} }) : project.read(file);
    project.write(file, MUTATIONS[mutation](whole, dice));
    const exitCode = await project.golden(...dice.of(file === 'home/salt' || file === history ? [['plan', ...APP]] : [['list', ...APP], ['build', '--json', ...APP]]));
    if (exitCode !== 0) { expect(project.world.out + project.world.err).toMatch(/salt:1:1: .*damaged|cdk\.json|no-machines|"status":"failed"/); }
    if (file === 'cdk.json' || file === 'home/salt') { rmSync(join(project.folder, file)); } else { project.write(file, whole); }
  });
}, 300_000);

describe('what is no file of ours', () => {
  const secret = join(around, 'secret.json');
  beforeAll(() => writeFileSync(secret, canonicalJson(planOf('Stack/Secret'))));

  test.each<[string, (path: string) => void, RegExp]>([
    ['a link out of the assembly', (path) => symlinkSync(secret, path), /leads out of the assembly/],
    ['a link to itself', (path) => symlinkSync(path, path), /does not exist/],
    ['a folder', (path) => mkdirSync(path), /web\.golden-plan\.json: It cannot be read: it is a folder/],
    ['a pipe that nobody writes to', (path) => spawnSync('mkfifo', [path]), /web\.golden-plan\.json: It cannot be read: it is no file/],
    ['of many gigabytes', (path) => { writeFileSync(path, ''); spawnSync('truncate', ['-s', '9G', path]); }, /web\.golden-plan\.json: It cannot be read: it has 9663676416 bytes/],
  ])('a plan that is %s is refused', async (_, make, message) => {
    const project = new Project();
    const path = join(project.folder, 'out/web.golden-plan.json');
    rmSync(path);
    make(path);
    await expect(project.golden('build', ...APP)).resolves.toBe(3);
    expect(project.world.err).toMatch(message);
    expect(project.world.err).not.toContain('Stack/Secret');
  });

  test.each<[string, (path: string) => void]>([
    ['a folder', (path) => mkdirSync(path)],
    ['a pipe', (path) => spawnSync('mkfifo', [path])],
    ['of many gigabytes', (path) => { writeFileSync(path, ''); spawnSync('truncate', ['-s', '9G', path]); }],
  ])('a journal that is %s is left out', async (_, make) => {
    const project = new Project();
    const path = join(project.folder, 'home/builds/first/journal.jsonl');
    rmSync(path);
    make(path);
    expect(await project.golden('gc')).toBe(lstatSync(path).isDirectory() || lstatSync(path).isFIFO() || lstatSync(path).size > 0 ? 4 : 0);
    expect(project.host.removed.map(({ buildId }) => buildId)).toEqual(['second']);
  });

  test('assemblies that hold each other are read once', async () => {
    const project = new Project();
    writeAssembly(join(project.folder, 'out'), { web: planOf('Stack/Web') }, ['stage']);
    writeAssembly(join(project.folder, 'out', 'stage'), { inner: planOf('Stage/Inner') }, ['.', '../stage']);
    await expect(project.golden('validate', ...APP)).resolves.toBe(0);
    expect(project.world.out).toBe('2 plans without faults: Stack/Web, Stage/Inner\n');
  });

  test.each(['..', '.', '', 'a\0b', 'a\x1b[2J'])('an image of the path %j would be written elsewhere, and is refused', async (image) => {
    const project = new Project();
    writeAssembly(join(project.folder, 'out'), { web: planOf(image) });
    await expect(project.golden('build', ...APP)).resolves.toBe(3);
    expect(project.world.err).toMatch(/web\.golden-plan\.json:\d+:\d+: .*\/image names no folder/);
  });
});
