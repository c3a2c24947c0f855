import { createHash } from 'crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { pack } from 'tar-stream';
import { assetDigest } from '../../lib/plan/asset';
import { canonicalJson } from '../../lib/plan/canonical-json';
import { ASSET_FOLDER } from '../../lib/plan/model';
import { planOf, writeAssembly } from '../cli/sample-assembly';
import { putOf, runOf } from '../support/bundle-machine';
import { golden, type GoldenRun } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

/* Files that mean no good, through the real command: it says where the fault is, and touches nothing but its own folders. */

const work = mkdtempSync(join(tmpdir(), 'golden-hostile-'));
const home = sandboxHome();
const project = join(work, 'project');
const assembly = join(project, 'out');
const output = join(project, 'golden.out');
afterAll(() => { rmSync(work, { recursive: true, force: true }); home.remove(); });

const KEY = '1'.repeat(64);
const SECRET = 'what others are not to see';
const plan = canonicalJson(planOf('Stack/Web'), 2);

beforeEach(() => {
  for (const name of readdirSync(work)) { rmSync(join(work, name), { recursive: true }); }
  for (const name of ['builds', 'locks', 'logs']) { rmSync(join(home.folder, name), { recursive: true, force: true }); }
  writeAssembly(assembly, { web: planOf('Stack/Web') });
  write(join(work, 'secret'), SECRET);
});

function write(path: string, content: string | Buffer): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content);
}

/** Everything around the output folder, with its content. */
function around(folder = work): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (path === output) { return []; }
    if (entry.isDirectory()) { return [`${path}/`, ...around(path)]; }
    return [`${path} ${entry.isFile() ? createHash('sha256').update(readFileSync(path)).digest('hex') : 'no file'}`];
  }).sort();
}

/** Runs the command, which neither crashes, nor tells what is not its to tell, nor writes where it should not. */
async function run(...args: string[]): Promise<GoldenRun> {
  const before = around();
  const ended = await golden(args, { cwd: project, env: { GOLDEN_HOME: home.folder } });
  const said = ended.stdout + ended.stderr;
  expect(said).not.toMatch(/\n\s+at |fault of its own|undefined/);
  // eslint-disable-next-line no-control-regex
  expect(said).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
  expect(said).not.toContain(SECRET);
  expect(around()).toEqual(before);
  expect(leftovers(home.folder, output)).toEqual([]);
  return ended;
}

describe('golden build', () => {
  test.each<[string, (path: string) => void, RegExp]>([
    ['cut off', (path) => write(path, plan.slice(0, 400)), /out\/web\.golden-plan\.json:\d+:\d+: /],
    ['of flipped bits', (path) => write(path, Buffer.from(plan).map((byte, i) => (i % 97 === 96 ? byte ^ 0x80 : byte)) as Buffer), /out\/web\.golden-plan\.json:\d+:\d+: /],
    ['nested deeply', (path) => write(path, plan.replace('"instructions": []', `"instructions": ${'['.repeat(100_000)}`)), /out\/web\.golden-plan\.json:\d+:\d+: /],
    ['a link out of the assembly', (path) => { rmSync(path); symlinkSync(join(work, 'secret'), path); }, /web\.golden-plan\.json.*leads out of the assembly/],
    ['of an image that would be written elsewhere', (path) => write(path, canonicalJson(planOf('..'), 2)), /web\.golden-plan\.json:\d+:\d+: .*\/image names no folder/],
  ])('refuses a plan that is %s, with its place', async (_, damage, message) => {
    damage(join(assembly, 'web.golden-plan.json'));
    const { exitCode, stderr } = await run('build', '--app', assembly);
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(message);
  });

  test('refuses an asset that has become a link out of the assembly', async () => {
    const asset = join(assembly, ASSET_FOLDER, 'draft');
    write(asset, 'what the machine gets');
    const digest = assetDigest(asset);
    rmSync(asset);
    symlinkSync(join(work, 'secret'), join(dirname(asset), digest));
    writeAssembly(assembly, { web: { ...machinePlan([putOf('', '/etc/x', { content: { asset: digest, kind: 'file' } })]), image: 'Stack/Web' } });
    const { exitCode, stdout } = await run('build', '--app', assembly);
    expect(stdout).toMatch(/The asset \S+ was changed after synthesis/);
    expect(exitCode).toBe(3);
  });
});

describe('golden gc and resume', () => {
  const record = (fields: object) => `${JSON.stringify({ sequence: 1, time: '2026-01-02T03:04:05.000Z', ...fields })}\n`;
  const started = (buildKey: string) => record({
    type: 'started',
    detail: {
      image: 'Stack/Web',
      definitionHash: KEY,
      deliveryHash: KEY,
      buildKey,
      host: 'sandbox',
      source: 'a',
      planFile: join(work, 'secret'),
      bootTest: false,
      useCache: true,
      asked: { host: 'sandbox', output, onError: 'cleanup' },
    },
  });

  test('leave out a journal that is damaged, with its line, and see to the others', async () => {
    const path = join(home.folder, 'builds', 'damaged', 'journal.jsonl');
    write(path, `${started(KEY)}{"sequence": 2, \x1b]0;owned\x07\n`);
    write(join(home.folder, 'builds', 'whole', 'journal.jsonl'), started('2'.repeat(64)));
    const { exitCode, stdout, stderr } = await run('gc');
    expect(exitCode).toBe(4);
    expect(stderr).toContain(`error: ${path}:2:17: The file is damaged: `);
    expect(stdout).toContain('removed record of the build whole of Stack/Web');
    expect(readFileSync(path, 'utf8')).toContain('owned');
  });

  test('say of a lock that cannot be read which one it is', async () => {
    write(join(home.folder, 'builds', 'one', 'journal.jsonl'), started(KEY));
    const path = join(home.folder, 'locks', `${KEY}.lock`);
    write(path, '{"buildId":');
    const ended = await golden(['resume'], { cwd: project, env: { GOLDEN_HOME: home.folder } });
    expect(ended.exitCode).toBe(4);
    expect(ended.stderr).toMatch(new RegExp(`^error: The lock ${path} cannot be read: .+\n {4}When no build runs, golden gc removes it\\.\n$`));
    rmSync(path);
  });

  test('read no plan that a journal names and is none', async () => {
    write(join(home.folder, 'builds', 'one', 'journal.jsonl'), started(KEY));
    const { exitCode, stdout } = await run('resume', '--json');
    expect(exitCode).toBe(3);
    expect(stdout).toContain(`${join(work, 'secret')}:1:1: `);
  });
});

/** A root tar whose entries lead out of it. */
async function escapingTar(): Promise<Buffer> {
  const tar = pack();
  const outside = join(work, 'outside');
  mkdirSync(outside);
  tar.entry({ name: '../../../../escaped' }, 'x');
  tar.entry({ name: `${join(outside, 'absolute')}` }, 'x');
  tar.entry({ name: 'etc', type: 'symlink', linkname: outside });
  tar.entry({ name: 'etc/through-a-link' }, 'x');
  tar.finalize();
  const pieces: Buffer[] = [];
  for await (const piece of tar as unknown as AsyncIterable<Buffer>) { pieces.push(piece); }
  return Buffer.concat(pieces);
}

test('a root tar with paths out of it writes nothing there, and makes no machine', async () => {
  const tar = await escapingTar();
  write(join(work, 'root.tar'), tar);
  const local = { type: 'rootTar' as const, location: join(work, 'root.tar'), sha256: createHash('sha256').update(tar).digest('hex') };
  writeAssembly(assembly, { web: { ...machinePlan([], { source: { type: 'local', user: 'root', ssmAgent: false, local } }), image: 'Stack/Web' } });
  const { exitCode, stdout } = await run('build', '--app', assembly, '--json');
  expect(exitCode).toBe(4);
  expect(JSON.parse(stdout.trim().split('\n').at(-1)!)).toMatchObject({ type: 'build.finished', status: 'failed' });
});

test('a machine that sends a tar with paths out of it leaves them out of the output folder, and is told', async () => {
  // WHEN the machine's own tar is one that means no good
  const instructions = [
    runOf(`
cat >/usr/local/bin/tar <<'END'
#!/bin/sh
[ "$1" = -cf ] || exec /usr/bin/tar "$@"
# As it is called: -cf FILE -C FOLDER -- NAME
cd "$4" && exec /usr/bin/tar -cf "$2" --transform 's,^up,../../../../escaped,' --transform 's,^deep,secrets/link/through,' -P -- secrets up deep
END
chmod 0755 /usr/local/bin/tar
mkdir /srv/secrets; ln -s ${work} /srv/secrets/link; echo inside >/srv/secrets/kept; echo x >/srv/up; echo x >/srv/deep`, { origin: 'Hostile' }),
    { type: 'get' as const, source: '/srv/secrets', destination: 'secrets', origin: 'Fetch' },
    runOf('exit 7', { origin: 'End' }),
  ];
  writeAssembly(assembly, { web: { ...machinePlan(instructions), image: 'Stack/Web' } });
  const { exitCode, events } = await run('build', '--app', assembly, '--json');
  expect(events.at(-1)!.error).toMatchObject({ code: 'instruction-failed', path: 'Stack/Web/End' });
  expect(exitCode).toBe(5);
  const notices = events.flatMap(({ type, message }) => (type === 'notice' ? [String(message)] : []));
  expect(notices).toEqual(expect.arrayContaining([
    `Stack/Web/Fetch: left out secrets/link: it links to ${work}`, 'Stack/Web/Fetch: left out ../../../../escaped: its path leads out of the folder',
  ]));
  expect(readFileSync(join(output, 'Stack-Web', 'files', 'secrets', 'kept'), 'utf8')).toBe('inside\n');
});
