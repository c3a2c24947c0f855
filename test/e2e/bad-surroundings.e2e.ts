import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { run } from '../../lib/process';
import { writeAssembly } from '../cli/sample-assembly';
import { instructionsOf } from '../image/declaration';
import { golden, GOLDEN, type JsonEvent } from '../support/golden';
import { machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';

/* The real command where something is wrong with the computer: it says what, and what to do, and ends with 4. Nothing is stood in for. */

const work = mkdtempSync(join(tmpdir(), 'golden-surroundings-'));
const bad = join(work, 'bad');
const assembly = writeAssembly(join(work, 'assembly'), { web: { ...machinePlan(), image: 'Stack/Web' } });
beforeAll(() => mkdirSync(bad));
afterAll(() => rmSync(work, { recursive: true, force: true }));

interface Ended {
  readonly exitCode: number | null;
  readonly said: string;
  readonly error?: { readonly code: string; readonly message: string; readonly hint?: string };
}

/** Runs the command in a mount namespace of its own, after some preparation by a shell. */
async function within(prepare: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}): Promise<Ended> {
  const { exitCode, stdout, stderr } = await run(
    ['unshare', '--mount', 'sh', '-c', `set -e\n${prepare}\nshift\nexec "$@"`, 'sh', bad, process.execPath, GOLDEN, ...args],
    { cwd: work, env: { ...process.env, GOLDEN_HOME: join(work, 'home'), ...environment }, timeoutMs: 240_000 },
  );
  const said = stdout.toString() + stderr.toString();
  expect(said).not.toMatch(/\n\s+at |fault of its own/);
  const events = stdout.toString().split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as JsonEvent);
  return { exitCode, said, error: events.find(({ type }) => type === 'build.finished')?.error };
}

const build = ['build', '--app', assembly, '--json'];
const READ_ONLY = `mount -t tmpfs -o ro tmpfs ${bad}`;

test('a full disk under the state folder', async () => {
  const r = await within(`mount -t tmpfs -o size=64k tmpfs ${bad}; cat /dev/zero >${bad}/ballast 2>/dev/null || true`, build, { GOLDEN_HOME: bad });
  expect(r).toMatchObject({ exitCode: 4, error: { code: 'disk-full', hint: expect.stringContaining('set GOLDEN_HOME or --output to a folder on a larger disk') } });
});

test('a state folder that may not be written to', async () => {
  const r = await within(READ_ONLY, build, { GOLDEN_HOME: join(bad, 'home') });
  expect(r).toMatchObject({ exitCode: 4, error: { code: 'no-permission', message: expect.stringContaining(bad), hint: expect.stringContaining('GOLDEN_HOME') } });
});

test('a home folder that may not be written to is none of our business where GOLDEN_HOME names another one', async () => {
  const r = await within(READ_ONLY, ['list', '--app', assembly], { HOME: bad });
  expect(r.exitCode).toBe(0);
});

test('an output folder that may not be written to is told before anything is built', async () => {
  const r = await within(READ_ONLY, [...build, '--output', join(bad, 'out')]);
  expect(r).toMatchObject({ exitCode: 4, error: { code: 'unwritable-folder', hint: 'Pass --output with a folder that can be written to.' } });
});

test('an assembly that may not be written to is told in place of the app, and one that is there is taken as it is', async () => {
  const r = await within(READ_ONLY, ['synth', '--app', 'true', '--assembly-output', bad]);
  expect(r.exitCode).toBe(4);
  expect(r.said).toContain(`error: The assembly cannot be written to ${bad}: EROFS`);
  expect(r.said).toContain('--assembly-output');
  const there = await within(`mount -t tmpfs tmpfs ${bad}; cp -r ${assembly}/. ${bad}; mount -o remount,ro ${bad}`, ['validate', '--app', bad]);
  expect(there).toMatchObject({ exitCode: 0, said: '1 plan without faults: Stack/Web\n' });
});

test('a state folder on a slow disk is named while the build waits for it', async () => {
  // WHEN the disk takes four seconds for the first record, and the build has no tools to go on
  const slow = ['/usr/bin/strace', '--quiet=all', '--follow-forks', '--seccomp-bpf', '--trace=fdatasync', '--inject=fdatasync:delay_enter=4000000:when=1', '--output=/dev/null'];
  const r = await golden(build, { cwd: work, through: slow, env: { PATH: bad, GOLDEN_HOME: join(work, 'home') } });
  expect(r.events.at(-1)!.error).toMatchObject({ code: 'missing-tool' });
  expect(r.events.filter(({ type, level }) => type === 'notice' && level === 'warning').map(({ message }) => message)).toEqual([
    `The build waits for more than 3 s until a record of it is written to ${join(work, 'home')}: that disk is slow, or busy. Set GOLDEN_HOME to a folder on a faster disk of this computer, and look at what else writes to it`,
  ]);
});

test('a machine that does not reach what it is to download is told with the URL, how often it was tried, and where to look', async () => {
  const home = sandboxHome();
  try {
    const url = 'https://downloads.invalid/tool.tar.gz';
    const instructions = instructionsOf(Provisioner.download({ url, sha256: 'a'.repeat(64), destination: '/opt/tool.tar.gz', retries: 1 }));
    const app = writeAssembly(join(work, 'unreached'), { web: { ...machinePlan(instructions), image: 'Stack/Web' } });
    const r = await golden(['build', '--app', app, '--json'], { cwd: work, env: { GOLDEN_HOME: home.folder } });
    expect(r.exitCode).toBe(5);
    expect(r.events.at(-1)!.error).toMatchObject({
      code: 'instruction-failed',
      path: 'Stack/Web/Download',
      message: expect.stringContaining('curl: (6) Could not resolve host: downloads.invalid'),
      hint: `The machine does not reach ${url}, which was tried 2 times: look at the network of this computer, its resolver (/etc/resolv.conf) and its proxy; or bring the file along with Provisioner.file().`,
    });
  } finally {
    home.remove();
  }
});

test('tools that are missing are named all at once, with the one command that installs them', async () => {
  const programs = join(work, 'programs');
  mkdirSync(programs);
  for (const name of ['sh', 'env', 'perl', 'tar', 'ip']) { symlinkSync(`/usr/bin/${name}`, join(programs, name)); }
  const r = await golden(build, { cwd: work, env: { PATH: programs, GOLDEN_HOME: join(work, 'home') } });
  expect(r.exitCode).toBe(4);
  expect(r.events.at(-1)!.error).toMatchObject({
    code: 'missing-tool',
    message: 'systemd-nspawn, slirp4netns, nsenter, setpriv, mformat, mmd, mcopy, grub-mkimage, qemu-img are not installed',
    hint: 'Install what is missing: apt-get install grub-common mtools qemu-utils slirp4netns systemd-container util-linux',
  });
});

describe('a base that cannot be fetched', () => {
  afterEach(() => expect(readdirSync(join(work, 'home', 'sandbox', 'bases'))).toEqual([]));

  test('since there is no network', async () => {
    const alone = await run(['unshare', '--net', process.execPath, GOLDEN, ...build], { cwd: work, env: { ...process.env, GOLDEN_HOME: join(work, 'home') }, timeoutMs: 240_000 });
    const { error } = JSON.parse(alone.stdout.toString().trim().split('\n').at(-1)!) as JsonEvent;
    expect(alone.exitCode).toBe(4);
    expect(error).toMatchObject({ code: 'base-failed', hint: expect.stringMatching(/^This computer does not reach the mirrors: look at its network/) });
  });

  test.each(['2015', '2045'])('since the clock of this computer says that it is %s', async (year) => {
    const past = await run(['faketime', '-f', `@${year}-06-01 00:00:00`, process.execPath, GOLDEN, ...build], { cwd: work, env: { ...process.env, GOLDEN_HOME: join(work, 'home') }, timeoutMs: 240_000 });
    const { error } = JSON.parse(past.stdout.toString().trim().split('\n').at(-1)!) as JsonEvent;
    expect(past.exitCode).toBe(4);
    expect(error).toMatchObject({ code: 'base-failed', hint: expect.stringMatching(`^The clock of this computer says ${year}-06-01T.*timedatectl set-ntp true`) });
  });
});
