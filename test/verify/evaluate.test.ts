import { createHash } from 'crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { createServer, type Server } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { thisMachine } from './machine';
import type { Check, CheckType, Expectation } from '../../lib/plan/checks';
import { evaluateChecks } from '../../lib/verify/evaluate';

let folder: string;
beforeAll(() => { folder = mkdtempSync(join(tmpdir(), 'verify ')); });
afterAll(() => rmSync(folder, { recursive: true }));

function check(type: CheckType, resource: string, attributes: { readonly [attribute: string]: Expectation }): Check {
  return { type, resource, attributes, origin: 'Check' };
}

async function outcomes(...checks: readonly Check[]): Promise<string[]> {
  const results = await evaluateChecks(checks, thisMachine().execute);
  return results.map(({ attribute, outcome, message }) => `${attribute} ${outcome}${outcome === 'failed' ? `: ${message}` : ''}`);
}

test('a file with its mode, size, contents and digests', async () => {
  const content = 'listen 80;\n# it\'s "quoted" $(touch /tmp/oops) `id`\n';
  const path = join(folder, 'it\'s $(a) "file"\nof two lines');
  writeFileSync(path, content);
  chmodSync(path, 0o4750);

  await expect(outcomes(check('file', path, {
    exists: true,
    mode: '4750',
    size: content.length,
    filetype: 'file',
    owner: 'root',
    gid: process.getgid!(),
    contents: ['listen 80;', '!debug'],
    md5: createHash('md5').update(content).digest('hex'),
    sha256: createHash('sha256').update(content).digest('hex'),
    sha512: createHash('sha512').update(content).digest('hex'),
  }))).resolves.toEqual([
    'exists passed', 'mode passed', 'owner passed', 'gid passed', 'filetype passed', 'contents passed', 'size passed', 'md5 passed',
    'sha256 passed', 'sha512 passed',
  ]);
});

test('a symbolic link is looked at itself, its contents are those of the file it leads to', async () => {
  writeFileSync(join(folder, 'target'), 'inside');
  symlinkSync('target', join(folder, 'link'));
  symlinkSync('nowhere', join(folder, 'dangling'));

  await expect(outcomes(
    check('file', join(folder, 'link'), { 'exists': true, 'filetype': 'symlink', 'linked-to': 'target', 'contents': 'inside' }),
    check('file', join(folder, 'dangling'), { exists: true, contents: 'inside' }),
    check('file', `${folder}/target/`, { exists: true }),
  )).resolves.toEqual([
    'exists passed', 'linked-to passed', 'filetype passed', 'contents passed',
    'exists passed', expect.stringMatching(/^contents failed: .*No such file/i),
    'exists passed',
  ]);
});

test('folders, devices and what does not exist', async () => {
  mkdirSync(join(folder, 'sub'), { mode: 0o711 });
  await expect(outcomes(
    check('file', join(folder, 'sub'), { exists: true, filetype: 'directory', mode: '0711', contents: ['x'], sha256: 'x' }),
    check('file', '/dev/null', { exists: true, filetype: 'character-device' }),
    check('file', join(folder, 'none'), { exists: false, mode: '0644' }),
    check('file', '~root/', { exists: true, filetype: 'directory' }),
    check('file', '~nobody-of-that-name/x', { exists: true }),
  )).resolves.toEqual([
    'exists passed', 'mode passed', 'filetype passed', expect.stringMatching(/^contents failed: .* is a directory$/), expect.stringMatching(/^sha256 failed: .*directory/i),
    'exists passed', 'filetype passed',
    'exists passed', 'mode skipped',
    'exists passed', 'filetype passed',
    'exists failed: there is no user for ~nobody-of-that-name',
  ]);
});

test('a megabyte of any bytes is content like other', async () => {
  const path = join(folder, 'big');
  writeFileSync(path, Buffer.concat([Buffer.alloc(1 << 20, 'abcdefg\n'), Buffer.from([0, 255, 10]), Buffer.from('the last line')]));
  await expect(outcomes(check('file', path, { exists: true, contents: ['the last line', '!nothing of that'] }), check('group', 'root', { exists: true })))
    .resolves.toEqual(['exists passed', 'contents passed', 'exists passed']);
});

test('more than is read at once is asked for in several calls, and too much of one thing is refused', async () => {
  const path = join(folder, 'bigger');
  writeFileSync(path, Buffer.alloc(3 << 20, 'x\n'));
  const machine = thisMachine();
  const contents = check('file', path, { exists: true, contents: ['x'] });

  const results = await evaluateChecks([contents, contents, contents, contents, check('command', 'head -c 5000000 /dev/zero', { 'exit-status': 0, 'stdout': ['x'] })], machine.execute);

  expect(results.map(({ outcome }) => outcome)).toEqual([...new Array(8).fill('passed'), 'passed', 'failed']);
  expect(results[9].message).toBe('there are more than 4 MiB of it; check a part, with a command such as tail');
  expect(machine.calls).toBe(2);
});

test('commands keep their streams apart, whatever they write', async () => {
  await expect(outcomes(
    check('command', 'printf "0 0 1 1\\nx"; echo "a\'b" >&2; exit 3', { 'exit-status': 3, 'stdout': '0 0 1 1\nx', 'stderr': ['a\'b'] }),
    check('command', 'cat; exit 0', { 'exit-status': 0, 'stdout': '' }),
    check('command', 'exit 124', { 'exit-status': 124 }),
    check('command', 'kill -9 $$', { 'exit-status': 137 }),
  )).resolves.toEqual([
    'exit-status passed', 'stdout passed', 'stderr passed', 'exit-status passed', 'stdout passed', 'exit-status passed', 'exit-status passed',
  ]);
});

test('a command that takes too long is ended, and those after it still run', async () => {
  const started = Date.now();
  await expect(outcomes(
    check('command', 'sleep 30', { 'exit-status': 0, 'timeout': 500 }),
    check('command', 'sleep 30 & echo left one behind', { 'exit-status': 0, 'stdout': ['left'] }),
  )).resolves.toEqual(['exit-status failed: the command took longer than 0.5 s', 'exit-status passed', 'stdout passed']);
  expect(Date.now() - started).toBeLessThan(5_000);
});

test('users, groups, packages and services of this machine', async () => {
  await expect(outcomes(
    check('user', 'root', { exists: true, uid: 0, gid: 0, home: '/root', groups: ['root'] }),
    check('group', 'nogroup', { exists: true, gid: { gt: 1000 } }),
    check('package', 'dpkg', { installed: true, versions: { 'have-len': 1 } }),
    check('package', '-f', { installed: false }),
    check('service', 'no-such-service', { enabled: false, running: false }),
    check('process', 'node', { running: true }),
    check('process', 'no-such-process', { running: false }),
  )).resolves.toEqual([
    'exists passed', 'uid passed', 'gid passed', 'groups passed', 'home passed', 'exists passed', 'gid passed', 'installed passed', 'versions passed',
    'installed passed', 'enabled passed', 'running passed', 'running passed', 'running passed',
  ]);
});

test('a port that is listened on', async () => {
  const server = await new Promise<Server>((resolve) => {
    const made: Server = createServer().listen(0, '127.0.0.1', () => resolve(made));
  });
  const { port } = server.address() as { readonly port: number };
  await expect(outcomes(check('port', `tcp:${port}`, { listening: true, ip: ['127.0.0.1'] }), check('port', `tcp6:${port}`, { listening: false })))
    .resolves.toEqual(['listening passed', 'ip passed', 'listening passed']);
  await new Promise((resolve) => server.close(resolve));
});

test('a hundred checks take one call, and leave nothing behind', async () => {
  const machine = thisMachine();
  const before = leftovers();
  const many = Array.from({ length: 100 }, (_, i) => check('file', `/nope/${i}`, { exists: false }));
  const results = await evaluateChecks(many, machine.execute);
  expect(results.map(({ outcome }) => outcome)).toEqual(new Array(100).fill('passed'));
  expect(machine.calls).toBe(1);
  expect(leftovers()).toEqual(before);
});

test('no checks need no machine', async () => {
  const machine = thisMachine();
  await expect(evaluateChecks([], machine.execute)).resolves.toEqual([]);
  expect(machine.calls).toBe(0);
});

test('an answer that breaks off is an error, not a failed check', async () => {
  const { execute } = thisMachine();
  const broken: typeof execute = async (command, options) => {
    const result = await execute(command, options);
    return { ...result, stdout: result.stdout.subarray(0, -2) };
  };
  await expect(evaluateChecks([check('command', 'echo hello', { 'exit-status': 0 })], broken))
    .rejects.toMatchObject({ code: 'garbled-checks', message: 'The answer of the machine breaks off after 0 checks' });
});

test('a machine that cannot run the script is an error that says what it said', async () => {
  await expect(evaluateChecks([check('command', 'echo hello', { 'exit-status': 0 })], (_command, options) => thisMachine().execute('echo no space >&2; exit 75', options)))
    .rejects.toMatchObject({ code: 'checks-not-run', message: 'The checks could not be run: no space' });
});

function leftovers(): string[] {
  return ['/run', '/tmp'].filter(existsSync).flatMap((path) => readdirSync(path)).filter((name) => name.startsWith('golden-check.'));
}
