import { spawnSync } from 'child_process';
import { mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { writeAssembly } from '../cli/sample-assembly';
import { runOf } from '../support/bundle-machine';
import { GOLDEN } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';
import { GoldenTerminal } from '../support/terminal';

jest.setTimeout(180_000);

const home = sandboxHome();
const work = mkdtempSync(join(tmpdir(), 'golden-commands-'));
const IMAGE = 'Stack/Web';
const env = { GOLDEN_HOME: home.folder };
const terminals: GoldenTerminal[] = [];

beforeAll(() => {
  writeAssembly(join(work, 'asked'), {
    a: {
      ...machinePlan([
        runOf('echo one >/srv/words; echo said by one', { origin: 'One' }),
        runOf('[ -e /srv/mirror ] || { echo no mirror; exit 3; }', { origin: 'Two' }),
        runOf('echo waiting; until [ -e /srv/go ]; do sleep 0.1; done; echo gone', { origin: 'Three' }),
      ]),
      image: IMAGE,
    },
  });
  writeAssembly(join(work, 'stepped'), {
    a: { ...machinePlan([runOf('echo first >/srv/words', { origin: 'One' }), runOf('echo second >>/srv/words', { origin: 'Two' })]), image: 'Stack/Stepped' },
  });
});

afterAll(() => {
  terminals.forEach((terminal) => terminal.end());
  golden(['gc']);
  rmSync(work, { recursive: true, force: true });
  home.remove();
});

function inTerminal(...args: string[]): GoldenTerminal {
  const terminal = new GoldenTerminal(args, { cwd: work, env });
  terminals.push(terminal);
  return terminal;
}

function golden(args: readonly string[], input = ''): { readonly exitCode: number | null; readonly out: string; readonly err: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, [GOLDEN, ...args], { cwd: work, env: { ...process.env, ...env, NODE_NO_WARNINGS: '1' }, input });
  return { exitCode: status, out: stdout.toString(), err: stderr.toString() };
}

describe('a build that waits for an answer', () => {
  let build: GoldenTerminal;
  beforeAll(async () => {
    build = inTerminal('build', '--app', 'asked', '--on-error', 'ask');
    await build.until('What now? [r]etry');
  });

  test('says what failed', () => {
    expect(build.shown).toContain('Stack/Web/Two: Instruction 2 of 3 (run) ended with exit code 3:\r\n  no mirror\r\n');
  });

  test('is not entered by those who did not say that the image need not be published', () => {
    const refused = golden(['exec', IMAGE, '--', 'touch', '/srv/other']);
    expect(refused).toMatchObject({ exitCode: 2, out: '' });
    expect(refused.err).toContain('With --no-publish the build goes on to its end');
  });

  test('gives files and folders away', () => {
    expect(golden(['cp', `${IMAGE}:/srv/words`, 'words'])).toEqual({ exitCode: 0, out: '', err: '' });
    expect(readFileSync(join(work, 'words'), 'utf8')).toBe('one\n');
    mkdirSync(join(work, 'into'));
    expect(golden(['cp', `${IMAGE}:/etc/systemd/`, 'into'])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(work, 'into', 'systemd', 'system.conf'), 'utf8')).toContain('[Manager]');
    expect(golden(['cp', `${IMAGE}:/etc/systemd`, 'into'])).toMatchObject({ exitCode: 2, err: expect.stringContaining('is there already') });
    expect(golden(['cp', `${IMAGE}:/no/such`, 'x'])).toMatchObject({ exitCode: 4, err: expect.stringContaining('/no/such could not be copied: ') });
  });

  test('runs commands, with their streams and exit codes', () => {
    const command = ['sh', '-c', 'cat; pwd; echo "$1" >&2; exit 9', 'sh', 'it\'s $HOME'];
    expect(golden(['exec', '--no-publish', IMAGE, '--', ...command], 'in\0put\n')).toEqual({ exitCode: 9, out: 'in\0put\n/root\n', err: 'it\'s $HOME\n' });
    expect(golden(['exec', IMAGE, '--', 'sh', '-c', 'wc -c'], 'x'.repeat(3_000_000))).toMatchObject({ exitCode: 0, out: '3000000\n' });
  });

  test('takes files and folders', () => {
    mkdirSync(join(work, 'site', 'sub'), { recursive: true });
    writeFileSync(join(work, 'site', 'sub', 'page'), 'hello', { mode: 0o640 });
    symlinkSync('sub/page', join(work, 'site', 'link'));
    expect(golden(['cp', 'site', `${IMAGE}:/srv/new`])).toEqual({ exitCode: 0, out: '', err: '' });
    expect(golden(['cp', './site/sub/page', `${IMAGE}:/srv/`])).toMatchObject({ exitCode: 0 });
    expect(golden(['cp', 'site', `${IMAGE}:/no/where`])).toMatchObject({ exitCode: 4, err: expect.stringContaining('the folder /no is not there') });
    expect(golden(['exec', IMAGE, '--', 'sh', '-c', 'cat /srv/new/sub/page /srv/page; stat -c "%a %U" /srv/page; readlink /srv/new/link']).out).toBe('hellohello640 root\nsub/page\n');
    // And back, with what leads out of the folder left out.
    golden(['exec', IMAGE, '--', 'ln', '-s', '/etc/passwd', '/srv/new/out']);
    const back = golden(['cp', `${IMAGE}:/srv/new`, 'back']);
    expect(back).toEqual({ exitCode: 0, out: '', err: 'left out new/out: it links to /etc/passwd\n' });
    expect([readFileSync(join(work, 'back', 'sub', 'page'), 'utf8'), readlinkSync(join(work, 'back', 'link'))]).toEqual(['hello', 'sub/page']);
  });

  test('lets another terminal in, with a terminal of the machine\'s own', async () => {
    const shell = inTerminal('shell', IMAGE);
    await shell.until(/On the machine of the build [0-9a-f]{16} of Stack\/Web, which runs/);
    shell.type('stty size; id -u; tty\r');
    expect(await shell.until(/\/dev\/pts\/\d+/)).toContain('30 100\r\n0\r\n');
    shell.type('sleep 100\r');
    shell.type('\x03');
    shell.type('echo after $((40 + 2)); exit 4\r');
    await shell.until('after 42');
    await expect(shell.exitCode).resolves.toBe(4);
  });

  test('opens a shell from its prompt, does the instruction again and goes on; then it is not published, and its machine may be left', async () => {
    build.type('h\n');
    await build.until(/root@[^#]*#/);
    build.type('touch /srv/mirror; exit\r');
    await build.until('The shell ended with exit code 0.');
    await build.until('What now?');
    const followed = inTerminal('logs', '--follow', IMAGE);
    build.type('r\n');
    await followed.until(/\[3\/3\] {3}waiting/);
    golden(['exec', IMAGE, '--', 'touch', '/srv/go']);
    await followed.until(/\[3\/3\] {3}gone/);
    await build.until('Not published, since the image is not what its definition says: its machine was entered');
    await build.until('What now? s[h]ell*, [c]lean up');
    build.type('a\n');
    await expect(build.exitCode).resolves.toBe(5);
    await expect(followed.exitCode).resolves.toBe(0);
  });

  test('whose machine was left is still entered', () => {
    expect(golden(['exec', IMAGE, '--', 'cat', '/srv/words'])).toEqual({ exitCode: 0, out: 'one\n', err: '' });
    expect(golden(['gc'])).toMatchObject({ exitCode: 0, out: expect.stringContaining('machine') });
    expect(leftovers(home.folder, join(work, 'golden.out'))).toEqual([]);
  });

  test('has a log with all that it printed', () => {
    const log = golden(['logs', IMAGE]);
    const lines = log.out.split('\n').map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} {2}/, ''));
    expect(lines).toEqual(expect.arrayContaining(['[1/3] One', '[1/3]   said by one', '[2/3]   no mirror', '[3/3]   gone', 'warning: The machine was entered: its image will not be published']));
    const [, buildId] = /^build ([0-9a-f]{16}) of Stack\/Web, begun /.exec(log.out)!;
    expect(golden(['logs', buildId])).toEqual(log);
    const events = golden(['logs', '--json', '--instruction', 'Stack/Web/One']).out.trim().split('\n').map((line) => JSON.parse(line));
    expect(events.map(({ type }) => type)).toEqual(['instruction.started', 'instruction.output', 'instruction.finished']);
    expect(golden(['logs', '--instruction', 'None'])).toMatchObject({ exitCode: 2, err: expect.stringContaining('It ran those of: One, Two, Three') });
    expect(golden(['logs', 'Nobody']).err).toContain(`There is no log of a build or image Nobody\n    There are, the newest first:\n      ${buildId}  `);
    expect(golden(['exec', buildId, '--', 'true']).err).toContain('is over, and its machine is gone');
    expect(golden(['shell', 'Nobody']).err).toContain('A shell needs a terminal');
    expect(golden(['exec', 'Nobody', '--', 'true']).err).toContain('There are: Stack/Web');
  });
});

describe('an image', () => {
  test('is looked into after a build that failed: with what that saved last', () => {
    expect(golden(['exec', IMAGE, '--', 'true']).err).toMatch(/^error: Stack\/Web: Neither a finished image nor a layer of it|^$/);
  });

  test('is built instruction by instruction with --debug', async () => {
    const build = inTerminal('build', '--app', 'stepped', '--debug');
    await build.until('[1/2] Stack/Stepped/One: run echo first >/srv/words');
    await build.until('Enter runs it');
    expect(golden(['cp', 'Stack/Stepped:/srv/words', 'none'])).toMatchObject({ exitCode: 4 });
    build.type('\n');
    await build.until('[2/2] Stack/Stepped/Two: ');
    await build.until('Enter runs it');
    expect(golden(['cp', 'Stack/Stepped:/srv/words', 'first'])).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(work, 'first'), 'utf8')).toBe('first\n');
    build.type('\n');
    await expect(build.exitCode).resolves.toBe(0);
    expect(build.shown).toContain('built in ');
  });

  test('that is finished is looked into on a machine that is thrown away', async () => {
    const shell = inTerminal('shell', 'Stack/Stepped');
    await shell.until('On a machine that is thrown away, with the finished image, build key ');
    shell.type('cat /srv/words; touch /srv/mine; exit\r');
    await shell.until('first\r\nsecond\r\n');
    await expect(shell.exitCode).resolves.toBe(0);
    expect(golden(['exec', 'Stack/Stepped', '--', 'ls', '/srv'])).toEqual({ exitCode: 0, out: 'words\n', err: '' });
    expect(golden(['cp', 'words', 'Stack/Stepped:/srv/'])).toMatchObject({ exitCode: 2, err: expect.stringContaining('would be thrown away') });
    expect(leftovers(home.folder, join(work, 'golden.out'))).toEqual([]);
  });
});
