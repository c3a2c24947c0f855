import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { rootTarId } from '../../lib/hosts/sandbox/base-spec';
import { writeAssembly } from '../cli/sample-assembly';
import { runOf } from '../support/bundle-machine';
import { golden as run, type GoldenRun } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { machinePlan } from '../support/machine-plan';
import { sandboxHome } from '../support/sandbox-home';
import { GoldenTerminal } from '../support/terminal';

jest.setTimeout(120_000);

const home = sandboxHome();
const work = mkdtempSync(join(tmpdir(), 'golden-commands-'));
const env = { GOLDEN_HOME: home.folder };
const terminals: GoldenTerminal[] = [];

const WEB = 'Stack/Web';
const MAIL = 'Stack/Mail';
const STEPS = 'Stack/Steps';
let web: GoldenTerminal;
let mail: GoldenTerminal;
let steps: GoldenTerminal;

beforeAll(() => {
  const assembly = (name: string, image: string, scripts: { readonly [origin: string]: string }, checkpoints: readonly number[] = []) => {
    const plan = machinePlan(Object.entries(scripts).map(([origin, script]) => runOf(script, { origin })));
    writeAssembly(join(work, name), { a: { ...plan, image, builder: { ...plan.builder, checkpoints } } });
  };
  assembly('web', WEB, {
    One: 'echo one >/srv/words; echo said by one',
    Two: '[ -e /srv/mirror ] || { echo no mirror; exit 3; }',
    Three: 'echo waiting; until [ -e /srv/go ]; do sleep 0.1; done; echo gone',
  });
  assembly('mail', MAIL, { One: 'echo mail >/srv/words', Two: 'exit 6', Three: 'echo sent >>/srv/words; echo sent' }, [0]);
  assembly('steps', STEPS, { One: 'echo first >/srv/words', Two: 'echo second >>/srv/words' });
  // Each waits for somebody while the others are looked at.
  web = inTerminal('build', '--app', 'web', '--on-error', 'ask');
  mail = inTerminal('build', '--app', 'mail', '--on-error', 'ask');
  steps = inTerminal('build', '--app', 'steps', '--debug');
});

afterAll(async () => {
  terminals.forEach((terminal) => terminal.end());
  await golden('gc');
  // The finished image became a base, among those that all suites share.
  baseOfImage().forEach((id) => rmSync(join(home.folder, 'sandbox', 'bases', id), { recursive: true, force: true }));
  rmSync(work, { recursive: true, force: true });
  home.remove();
});

function baseOfImage(): string[] {
  const folder = join(work, 'golden.out', 'Stack-Steps');
  return (existsSync(folder) ? readdirSync(folder) : []).map((name) => {
    const { files } = JSON.parse(readFileSync(join(folder, name, 'manifest.json'), 'utf8')) as { files: { name: string; sha256: string }[] };
    return rootTarId({ type: 'rootTar', location: '', sha256: files.find((file) => file.name === 'root.tar')!.sha256 }, 'x86_64');
  });
}

function inTerminal(...args: string[]): GoldenTerminal {
  const terminal = new GoldenTerminal(args, { cwd: work, env });
  terminals.push(terminal);
  return terminal;
}

/** What a run showed. */
interface Shown {
  readonly exitCode: number | null;
  readonly out: string;
  readonly err: string;
}

const shown = ({ exitCode, stdout, stderr }: GoldenRun): Shown => ({ exitCode, out: stdout, err: stderr });

async function golden(...args: string[]): Promise<Shown> {
  return shown(await run(args, { cwd: work, env }));
}

async function given(input: string, ...args: string[]): Promise<Shown> {
  return shown(await run(args, { cwd: work, env, input }));
}

describe('a build that waits for an answer', () => {
  beforeAll(() => web.until('What now? [r]etry, [s]kip*, s[h]ell*, [c]lean up and end, [a]bort'));

  test('says what failed', () => {
    expect(web.shown).toContain('Stack/Web/Two: Instruction 2 of 3 (run) ended with exit code 3:\r\n  no mirror\r\n');
  });

  test('is not entered by those who did not say that the image need not be published', async () => {
    const refused = await golden('exec', WEB, '--', 'touch', '/srv/other');
    expect(refused).toMatchObject({ exitCode: 2, out: '' });
    expect(refused.err).toContain('With --no-publish the build goes on to its end');
  });

  test('gives files and folders away', async () => {
    mkdirSync(join(work, 'into'));
    expect(await golden('cp', `${WEB}:/srv/words`, 'words')).toEqual({ exitCode: 0, out: '', err: '' });
    expect(await golden('cp', `${WEB}:/etc/systemd/`, 'into')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(work, 'words'), 'utf8')).toBe('one\n');
    expect(readFileSync(join(work, 'into', 'systemd', 'system.conf'), 'utf8')).toContain('[Manager]');
    const [again, missing] = await Promise.all([golden('cp', `${WEB}:/etc/systemd`, 'into'), golden('cp', `${WEB}:/no/such`, 'x')]);
    expect(again).toMatchObject({ exitCode: 2, err: expect.stringContaining('is there already') });
    expect(missing).toMatchObject({ exitCode: 4, err: expect.stringContaining('/no/such could not be copied: ') });
  });

  test('runs commands, with their streams and exit codes', async () => {
    const command = ['sh', '-c', 'cat; pwd; echo "$1" >&2; exit 9', 'sh', 'it\'s $HOME'];
    expect(await given('in\0put\n', 'exec', '--no-publish', WEB, '--', ...command)).toEqual({ exitCode: 9, out: 'in\0put\n/root\n', err: 'it\'s $HOME\n' });
    expect(await given('x'.repeat(3_000_000), 'exec', WEB, '--', 'wc', '-c')).toEqual({ exitCode: 0, out: '3000000\n', err: '' });
  });

  test('takes files and folders', async () => {
    mkdirSync(join(work, 'site', 'sub'), { recursive: true });
    writeFileSync(join(work, 'site', 'sub', 'page'), 'hello', { mode: 0o640 });
    symlinkSync('sub/page', join(work, 'site', 'link'));
    expect(await golden('cp', 'site', `${WEB}:/srv/new`)).toEqual({ exitCode: 0, out: '', err: '' });
    const [into, nowhere] = await Promise.all([golden('cp', './site/sub/page', `${WEB}:/srv/`), golden('cp', 'site', `${WEB}:/no/where`)]);
    expect(into).toMatchObject({ exitCode: 0 });
    expect(nowhere).toMatchObject({ exitCode: 4, err: expect.stringContaining('the folder /no is not there') });
    // And back, with what leads out of the folder left out.
    const look = 'cat /srv/new/sub/page /srv/page; stat -c "%a %U" /srv/page; readlink /srv/new/link; ln -s /etc/passwd /srv/new/out';
    expect((await golden('exec', WEB, '--', 'sh', '-c', look)).out).toBe('hellohello640 root\nsub/page\n');
    expect(await golden('cp', `${WEB}:/srv/new`, 'back')).toEqual({ exitCode: 0, out: '', err: 'left out new/out: it links to /etc/passwd\n' });
    expect([readFileSync(join(work, 'back', 'sub', 'page'), 'utf8'), readlinkSync(join(work, 'back', 'link'))]).toEqual(['hello', 'sub/page']);
  });

  test('lets another terminal in, with a terminal of the machine\'s own', async () => {
    const shell = inTerminal('shell', WEB);
    await shell.until(/On the machine of the build [0-9a-f]{16} of Stack\/Web, which runs/);
    shell.type('stty size; id -u; tty\r');
    expect(await shell.until(/\/dev\/pts\/\d+\r/)).toContain('30 100\r\n0\r\n');
    shell.type('sleep 100\r');
    await shell.until('sleep 100');
    shell.type('\x03');
    shell.type('echo after $((40 + 2)); exit 4\r');
    await shell.until('after 42');
    await expect(shell.exitCode).resolves.toBe(4);
  });

  test('opens a shell from its prompt, does the instruction again and goes on; then it is not published, and its machine may be left', async () => {
    web.type('h\n');
    await web.until(/root@[^#]*#/);
    web.type('touch /srv/mirror; exit\r');
    await web.until('The shell ended with exit code 0.');
    await web.until('What now?');
    const followed = inTerminal('logs', '--follow', WEB);
    web.type('r\n');
    await followed.until(/\[3\/3\] {3}waiting/);
    await golden('exec', WEB, '--', 'touch', '/srv/go');
    await followed.until(/\[3\/3\] {3}gone/);
    await web.until('Not published, since the image is not what its definition says: its machine was entered');
    await web.until('What now? s[h]ell*, [c]lean up and end, [a]bort');
    web.type('a\n');
    await expect(web.exitCode).resolves.toBe(5);
    await expect(followed.exitCode).resolves.toBe(0);
  });

  test('whose machine was left is still entered', async () => {
    expect(await golden('exec', WEB, '--', 'cat', '/srv/words')).toEqual({ exitCode: 0, out: 'one\n', err: '' });
  });

  test('has a log with all that it printed', async () => {
    const log = await golden('logs', WEB);
    const lines = log.out.split('\n').map((line) => line.replace(/^\d\d:\d\d:\d\d\.\d{3} {2}/, ''));
    expect(lines).toEqual(expect.arrayContaining([
      '[1/3] One', '[1/3]   said by one', '[2/3]   no mirror', '[3/3]   gone', 'warning: The machine was entered: its image will not be published',
    ]));
    const [, buildId] = /^build ([0-9a-f]{16}) of Stack\/Web, begun /.exec(log.out)!;
    const [same, json, none, nobody, noTerminal, unbuilt] = await Promise.all([
      golden('logs', buildId),
      golden('logs', '--json', '--instruction', 'Stack/Web/One', WEB),
      golden('logs', '--instruction', 'None', WEB),
      golden('logs', 'Nobody'),
      golden('shell', 'Nobody'),
      golden('exec', 'Nobody', '--', 'true'),
    ]);
    expect(same).toEqual(log);
    expect(json.out.trim().split('\n').map((line) => JSON.parse(line).type)).toEqual(['instruction.started', 'instruction.output', 'instruction.finished']);
    expect(none).toMatchObject({ exitCode: 2, err: expect.stringContaining('It ran those of: One, Two, Three') });
    expect(nobody.err).toContain('There is no log of a build or image Nobody');
    expect(nobody.err).toContain(buildId);
    expect(noTerminal).toMatchObject({ exitCode: 2, err: expect.stringContaining('A shell needs a terminal') });
    expect(unbuilt.err).toContain('There are: ');
  });
});

describe('a build that fails and is to go on', () => {
  beforeAll(() => mail.until('What now?'));

  test('leaves the instruction out, and leaves nothing where it is cleaned up', async () => {
    mail.type('s\n');
    await mail.until('Not published, since the image is not what its definition says: instruction 2 was skipped');
    await mail.until('What now? s[h]ell*, [c]lean up and end, [a]bort');
    mail.type('c\n');
    await expect(mail.exitCode).resolves.toBe(5);
    expect((await golden('logs', MAIL)).out).toContain('[3/3]   sent');
    const [, buildId] = /^build ([0-9a-f]{16})/.exec((await golden('logs', MAIL)).out)!;
    const gone = await golden('exec', buildId, '--', 'true');
    expect(gone).toMatchObject({ exitCode: 2, err: expect.stringContaining('is over, and its machine is gone') });
  });

  test('is looked into afterwards with what it saved last, before it deviated', async () => {
    expect(await golden('exec', MAIL, '--', 'cat', '/srv/words')).toEqual({ exitCode: 0, out: 'mail\n', err: '' });
  });
});

describe('a build that stops before each instruction, and is killed there', () => {
  test('runs one when it is told to', async () => {
    await steps.until('[1/2] Stack/Steps/One: ');
    await steps.until('Enter runs it, s opens a shell*');
    expect(await golden('cp', `${STEPS}:/srv/words`, 'none')).toMatchObject({ exitCode: 4 });
    steps.type('\n');
    await steps.until('[2/2] Stack/Steps/Two: ');
    await steps.until('Enter runs it');
    expect(await golden('cp', `${STEPS}:/srv/words`, 'first')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(work, 'first'), 'utf8')).toBe('first\n');
  });

  test('leaves its log and its machine, and is finished by resume', async () => {
    steps.kill();
    await expect(steps.exitCode).resolves.toBe(128 + 9);
    const [log, on, list] = await Promise.all([golden('logs', '--follow', STEPS), golden('exec', STEPS, '--', 'cat', '/srv/words'), golden('resume', '--list')]);
    expect(log).toMatchObject({ exitCode: 0, out: expect.stringContaining('[1/2] One: done'), err: 'The build was killed here. golden resume finishes it.\n' });
    expect(on).toEqual({ exitCode: 0, out: 'first\n', err: '' });
    const [buildId] = /[0-9a-f]{16}/.exec(log.out)!;
    expect(list.out).toMatch(new RegExp(`^${buildId} +Stack/Steps +sandbox +`, 'm'));
    expect(list.out).not.toContain(WEB);
    const resumed = await golden('resume');
    expect(resumed).toMatchObject({ exitCode: 0, out: expect.stringMatching(/Stack\/Steps \| built in /) });
    expect((await golden('resume')).out).toBe('No build was killed.\n');
    // Its own machines have gone, and the one that was left to be looked at has not.
    expect(readdirSync(join(home.folder, 'sandbox', 'machines'))).toHaveLength(1);
    expect((await golden('exec', WEB, '--', 'cat', '/srv/words')).out).toBe('one\n');
  });
});

describe('a finished image', () => {
  test('is looked into on a machine that is thrown away', async () => {
    const shell = inTerminal('shell', STEPS);
    await shell.until('On a machine that is thrown away, with the finished image, build key ');
    await shell.until(/root@[^#]*#/);
    shell.type('cat /srv/words; touch /srv/mine; exit\r');
    await shell.until('first\r\nsecond\r\n');
    await expect(shell.exitCode).resolves.toBe(0);
    expect(await golden('exec', STEPS, '--', 'ls', '/srv')).toEqual({ exitCode: 0, out: 'words\n', err: '' });
    expect(await golden('cp', 'words', `${STEPS}:/srv/`)).toMatchObject({ exitCode: 2, err: expect.stringContaining('would be thrown away') });
  });
});

test('and in the end nothing is left', async () => {
  expect(await golden('gc')).toMatchObject({ exitCode: 0, out: expect.stringContaining('machine') });
  expect(await golden('exec', WEB, '--', 'true')).toMatchObject({ exitCode: 2, out: '', err: expect.stringContaining('Neither a finished image nor a layer of it') });
  expect(leftovers(home.folder, join(work, 'golden.out'))).toEqual([]);
});
