import { createHash } from 'crypto';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'fs';
import { createServer, type Server } from 'http';
import type { AddressInfo } from 'net';
import { tmpdir } from 'os';
import { join } from 'path';
import { instructionsOf } from './declaration';
import { Provisioner } from '../../lib/image/provisioners/provisioner';
import type { IProvisioner } from '../../lib/image/provisioners/provisioner-context';
import type { RunInstruction } from '../../lib/plan/instructions';
import { run, type RunResult } from '../../lib/process';

/* The scripts that provisioners lower to, run for real: as root of a user namespace, with a /run of their own. */

let work: string;
beforeEach(() => { work = mkdtempSync(join(tmpdir(), 'golden-scripts-')); });
afterEach(() => rmSync(work, { recursive: true, force: true }));

/** Runs a provisioner `times` times, like the machine does. `bin` comes first in the PATH. */
async function provision(provisioner: IProvisioner, times = 1): Promise<RunResult> {
  const [instruction] = instructionsOf(provisioner) as RunInstruction[];
  writeFileSync(join(work, 'script'), (instruction.script as { text: string }).text);
  const loop = `mount -t tmpfs none /run; for i in $(seq ${times}); do "$@" || exit; done`;
  const command = [...instruction.interpreter, join(work, 'script'), ...instruction.arguments];
  return run(['unshare', '--user', '--map-root-user', '--mount', 'sh', '-c', loop, 'sh', ...command], {
    env: { PATH: `${join(work, 'bin')}:/usr/sbin:/usr/bin:/sbin:/bin` }, timeoutMs: 30_000,
  });
}

function program(name: string, text: string): void {
  mkdirSync(join(work, 'bin'), { recursive: true });
  writeFileSync(join(work, 'bin', name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(work, 'bin', name), 0o755);
}

describe('a download', () => {
  const content = 'a tool\n';
  const sha256 = createHash('sha256').update(content).digest('hex');
  let server: Server;
  let url: string;
  beforeAll((done) => {
    server = createServer((request, response) => {
      response.writeHead(request.url === '/tool' ? 200 : 404);
      response.end(content);
    }).listen(0, '127.0.0.1', () => { url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`; done(); });
  });
  afterAll((done) => { server.close(done); });

  const download = (path: string, digest = sha256) => provision(Provisioner.download({
    url: `${url}/${path}`, sha256: digest, destination: `${work}/opt/new/the tool`, mode: '0755',
  }));

  test('arrives with its mode, in folders that are made', async () => {
    expect(await download('tool')).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(work, 'opt/new/the tool'), 'utf8')).toBe(content);
    expect(statSync(join(work, 'opt/new/the tool')).mode & 0o777).toBe(0o755);
    expect(readdirSync(join(work, 'opt/new'))).toEqual(['the tool']);
  });

  test('with other bytes never gets its name, and says which digest it has', async () => {
    const result = await download('tool', 'b'.repeat(64));
    expect(result.exitCode).toBe(1);
    expect(result.stderr.toString()).toBe(`${url}/tool has the SHA-256 ${sha256}, not ${'b'.repeat(64)}\n`);
    expect(readdirSync(join(work, 'opt/new'))).toEqual([]);
  });

  test('of what is not there fails, and leaves nothing', async () => {
    const result = await download('absent');
    expect(result.exitCode).not.toBe(0);
    expect(result.stderr.toString()).toContain('404');
    expect(readdirSync(join(work, 'opt/new'))).toEqual([]);
  });
});

describe('packages', () => {
  const calls = () => readFileSync(join(work, 'calls'), 'utf8').trim().split('\n').map((line) => line.replace(/-[qoy]( \S+=\S+)? ?/g, '').trim());
  const log = () => `echo "$@" >> ${join(work, 'calls')}`;

  test('are installed by apt-get, which refreshes its lists once for several provisioners', async () => {
    program('apt-get', log());
    expect(await provision(Provisioner.packages(['nginx', 'curl']), 2)).toMatchObject({ exitCode: 0 });
    expect(calls()).toEqual(['update', 'install nginx curl', 'install nginx curl']);
  });

  test('wait for another apt-get that holds the lock of the lists', async () => {
    program('sleep', 'true');
    program('apt-get', `${log()}
      case "$*" in *update*) ;; *) exit 0 ;; esac
      [ $(grep -c update ${join(work, 'calls')}) -gt 2 ] || { echo 'E: Could not get lock /var/lib/apt/lists/lock' >&2; exit 100; }`);
    expect(await provision(Provisioner.packages(['nginx']))).toMatchObject({ exitCode: 0 });
    expect(calls()).toEqual(['update', 'update', 'update', 'install nginx']);
  });

  test('are not installed where the lists cannot be refreshed, and apt-get says why', async () => {
    program('apt-get', 'echo "E: no route to host" >&2; exit 100');
    const result = await provision(Provisioner.packages(['nginx']));
    expect(result.exitCode).toBe(100);
    expect(result.stderr.toString()).toBe('E: no route to host\n');
  });
});
