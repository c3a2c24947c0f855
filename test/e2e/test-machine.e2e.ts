import { spawn } from 'child_process';
import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { pathToFileURL } from 'url';
import { testedImage } from './apps/tested';
import { Check } from '../../lib/image/checks/check';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import { SecretRef } from '../../lib/image/secret-ref';
import { TestMachine, type TestMachineOptions } from '../../lib/testing/test-machine';
import { PROJECT } from '../support/golden';
import { leftovers } from '../support/leftovers';
import { sandboxHome } from '../support/sandbox-home';

const home = sandboxHome();
const output = mkdtempSync(join(tmpdir(), 'golden-tested-'));
beforeAll(() => { process.env.GOLDEN_HOME = home.folder; });
afterAll(() => {
  home.remove();
  rmSync(output, { recursive: true, force: true });
});

const machines: TestMachine[] = [];
afterEach(async () => { await Promise.all(machines.splice(0).map((machine) => machine.stop())); });

async function build(image = testedImage(), options: TestMachineOptions = {}): Promise<TestMachine> {
  const machine = await TestMachine.build(image, { output, ...options });
  machines.push(machine);
  return machine;
}

const failure = (act: Promise<unknown>): Promise<string> => act.then(() => 'nothing failed', (error: Error) => error.message);

describe('a machine of an image', () => {
  test('is made of layers the second time, and what one test does to it no other sees', async () => {
    const first = await build();
    await first.run('echo changed >/srv/word');
    const lines: string[] = [];
    const [second, third] = await Promise.all([build(testedImage(), { onProgress: (line) => lines.push(line) }), build()]);
    expect(await Promise.all([first, second, third].map(async (machine) => (await machine.file('/srv/word')).text))).toEqual(['changed\n', 'word\n', 'word\n']);
    expect(lines.filter((line) => /cached|provision/.test(line))).toEqual([expect.stringContaining('1 of 1 instruction cached')]);
  });

  test('says of files what they are', async () => {
    const machine = await build();
    await machine.run('cd /srv && mkdir -m 0750 folder && ln -s word link && head -c 5000000 /dev/zero >large && chown 4000 large');
    expect(await machine.file('/srv/word')).toEqual({ exists: true, type: 'file', mode: '0644', owner: 'root', group: 'root', size: 5, text: 'word\n' });
    expect(await machine.file('/srv/folder')).toEqual({ exists: true, type: 'directory', mode: '0750', owner: 'root', group: 'root', size: expect.any(Number) });
    expect(await machine.file('/srv/link')).toMatchObject({ type: 'symlink', linkedTo: 'word', text: 'word\n' });
    expect(await machine.file('/srv/large')).toEqual({ exists: true, type: 'file', mode: '0644', owner: 'UNKNOWN', group: 'root', size: 5_000_000 });
    expect(await machine.file('/srv/none')).toEqual({ exists: false });
    expect(await failure(machine.file('srv/word'))).toBe('srv/word is no absolute path');
  });

  test('runs commands as users, with input and variables, all at once, and ends those that take too long', async () => {
    const machine = await build();
    const runs = await Promise.all([
      machine.run('echo out; echo err >&2; exit 3'),
      machine.run('read -r line; echo "$(id -un) $HOME $line $WORD"', { user: 'games', stdin: 'read\n', environment: { WORD: 'it\'s "so"' } }),
      machine.run('printf \'\\303\\251\'; head -c 3000000 /dev/zero | tr "\\0" x'),
    ]);
    expect(runs.slice(0, 2)).toEqual([
      { exitCode: 3, stdout: 'out\n', stderr: 'err\n' },
      { exitCode: 0, stdout: 'games /usr/games read it\'s "so"\n', stderr: '' },
    ]);
    expect([runs[2].stdout.slice(0, 2), runs[2].stdout.length]).toEqual(['éx', 3_000_001]);
    expect(await failure(machine.run('sleep 60', { timeoutMs: 300 }))).toBe('sleep 60 took longer than 0.3 s');
    expect(await machine.run('echo on')).toMatchObject({ stdout: 'on\n' });
  });

  test('fails checks with the words of a build', async () => {
    const machine = await build(testedImage({ checks: [Check.file('/srv/word', { mode: '0600' })] }), { checks: false });
    const said = '1 check failed:\n  Tested/Image: file /srv/word: mode: expected to equal "0600", found "0644"';
    expect(await failure(machine.check())).toBe(said);
    expect(await failure(build(testedImage({ checks: [Check.file('/srv/word', { mode: '0600' })] })))).toBe(said);
    // As an object of the library, and as data.
    await machine.check(Check.file('/srv/word', { contents: ['word'] }), { type: 'file', resource: '/srv/word', attributes: { exists: true, owner: 'root' } });
    expect(await failure(machine.check({ type: 'file', resource: '/srv/word', attributes: { colour: 'red' } }))).toContain('there is no attribute colour');
    expect(await failure(machine.check({ type: 'wall' }))).toContain('is no check');
  });

  test('is not there where a provisioner fails, and what a build would say is said', async () => {
    const broken = testedImage({ provisioners: [Provisioner.shell({ inline: ['echo there is no way >&2', 'exit 7'] })] });
    const said = await failure(build(broken));
    expect(said).toContain('Tested/Image/Shell');
    expect(said).toContain('there is no way');
    expect(said).not.toMatch(/^\s+at /m);
  });

  test('is provisioned with secrets and parameters that a test gives, which nothing shows', async () => {
    const secret = 'kept-to-itself';
    const image = testedImage({ provisioners: [Provisioner.shell({ inline: ['echo "${#TOKEN}" >/srv/length'], secrets: { TOKEN: SecretRef.ssm('/agent/token') } })] });
    const lines: string[] = [];
    const machine = await build(image, { secrets: { 'ssm:/agent/token': secret }, onProgress: (line) => lines.push(line) });
    expect(await machine.file('/srv/length')).toMatchObject({ text: '14\n' });
    expect(lines.join('\n')).not.toContain(secret);
    expect(await failure(build(image))).toContain('Give a secret with --secret');
  });

  test('says that it is gone where it was stopped', async () => {
    const machine = await build();
    await machine.stop();
    await machine.stop();
    expect(await failure(machine.run('true'))).toBe('The machine was stopped');
  });

  test('is made of an app in another language, too, by the path of its image', async () => {
    const { app, image } = { app: `${join(PROJECT, 'node_modules', '.bin', 'tsx')} app.ts`, image: 'Greeter/Image' };
    const before = process.cwd();
    process.chdir(join(PROJECT, 'examples', 'tested-image'));
    try {
      expect(await failure(TestMachine.build({ app, image: 'Greeter/None' }, { output }))).toContain('No image matches Greeter/None');
      const machine = await TestMachine.build({ app, image }, { output });
      machines.push(machine);
      expect(await machine.file('/etc/greeter.conf')).toMatchObject({ mode: '0640' });
    } finally {
      rmSync('cdk.out', { recursive: true, force: true });
      process.chdir(before);
    }
  });
});

describe('a test process that does not stop its machine', () => {
  // One process, which is the one that is killed.
  const loader = pathToFileURL(join(PROJECT, 'node_modules', 'tsx', 'dist', 'loader.mjs')).href;
  const start = (how: 'end' | 'stay') => spawn(process.execPath, ['--import', loader, join(__dirname, 'apps', 'tested.ts'), how], {
    cwd: output, env: { ...process.env, GOLDEN_HOME: home.folder }, stdio: ['ignore', 'pipe', 'inherit'],
  });
  const left = () => leftovers(home.folder, output);
  const nothingLeft = async () => {
    for (let i = 0; i < 200 && left().length > 0; i++) { await new Promise((resolve) => setTimeout(resolve, 100)); }
    return left();
  };

  test('ends all the same, and leaves nothing', async () => {
    const child = start('end');
    let said = '';
    child.stdout.on('data', (data) => { said += data; });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    expect(said).toBe('word\n');
    expect(await nothingLeft()).toEqual([]);
  });

  test('leaves nothing where it is killed', async () => {
    const child = start('stay');
    await new Promise((resolve) => child.stdout.once('data', resolve));
    expect(left()).not.toEqual([]);
    child.kill('SIGKILL');
    expect(await nothingLeft()).toEqual([]);
  });
});
