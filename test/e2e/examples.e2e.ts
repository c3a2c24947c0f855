import { mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { startGoMirror, type GoMirror } from '../support/go-mirror';
import { checksOf, golden, PROJECT, type GoldenRun } from '../support/golden';

const HOME = process.env.GOLDEN_TEST_HOME ?? join(tmpdir(), 'golden-test-home');
const app = `tsx ${join(PROJECT, 'test', 'e2e', 'apps', 'mutated.ts')}`;
const work = mkdtempSync(join(tmpdir(), 'golden-examples-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

function build(env: NodeJS.ProcessEnv, ...args: string[]): Promise<GoldenRun> {
  return golden(['build', '--app', app, '--json', ...args], { cwd: work, env: { GOLDEN_HOME: HOME, ...env } });
}

function outcome(run: GoldenRun) {
  const last = run.events[run.events.length - 1];
  return { type: last?.type, status: last?.status, code: last?.error?.code };
}

describe('the example web-server', () => {
  test('is built, and answers HTTP from inside while it is built and after the finished image was booted', async () => {
    const run = await build({ EXAMPLE: 'web-server' }, '--boot-test');

    expect(outcome(run)).toEqual({ type: 'build.finished', status: 'built', code: undefined });
    expect(run.exitCode).toBe(0);
    for (const phase of ['check', 'boot-test']) {
      expect(checksOf(run, 'failed', phase)).toEqual([]);
      expect(checksOf(run, 'passed', phase)).toEqual(expect.arrayContaining([
        'command curl --fail --silent http://localhost/: exit-status',
        'command curl --fail --silent http://localhost/: stdout',
        'command curl --fail --silent http://localhost/status: stdout',
        'service nginx: running',
        'port tcp:80: listening',
      ]));
    }
  });

  test.each([
    ['mode of the page', ['file /srv/site/index.html: mode', 'file /srv/site/index.html: group']],
    ['owner of the script', ['file /usr/local/bin/write-status: owner']],
    ['unit of the status page', ['service site-status: running']],
  ])('fails exactly the checks it should where the %s is broken', async (MUTATION, failed) => {
    const run = await build({ EXAMPLE: 'web-server', MUTATION });

    expect(outcome(run)).toEqual({ type: 'build.finished', status: 'failed', code: 'check-failed' });
    expect(checksOf(run, 'failed').sort()).toEqual([...failed].sort());
    expect(run.exitCode).not.toBe(0);
  });
});

describe('the example go-agent', () => {
  let mirror: GoMirror;
  beforeAll(async () => { mirror = await startGoMirror(); });
  afterAll(() => mirror.close());
  const agent = (MUTATION = 'none') => build(
    { EXAMPLE: 'go-agent', MUTATION, GO_MIRROR: mirror.urlFromMachine, GO_SHA256: mirror.sha256 }, '--allow-host-loopback',
  );

  test('is built, with its Go tool chain, user, key and running service', async () => {
    const run = await agent();

    expect(outcome(run)).toEqual({ type: 'build.finished', status: 'built', code: undefined });
    expect(checksOf(run, 'failed')).toEqual([]);
    expect(checksOf(run, 'passed')).toEqual(expect.arrayContaining([
      'service agent: enabled', 'service agent: running', 'process agent: running',
      'file /home/agent/.ssh/authorized_keys: mode', 'file /home/agent/bin/agent: mode', 'package dbus: installed',
    ]));
  });

  test.each([
    ['mode of the agent', ['file /home/agent/bin/agent: mode']],
    ['owner of the keys', ['file /home/agent/.ssh/authorized_keys: owner']],
    ['enablement of the agent', ['service agent: enabled']],
  ])('fails exactly the check it should where the %s is broken', async (MUTATION, failed) => {
    const run = await agent(MUTATION);

    expect(outcome(run)).toEqual({ type: 'build.finished', status: 'failed', code: 'check-failed' });
    expect(checksOf(run, 'failed')).toEqual(failed);
  });

  test('is refused where the archive of the tool chain is not the one that was asked for', async () => {
    const run = await build(
      { EXAMPLE: 'go-agent', GO_MIRROR: mirror.urlFromMachine, GO_SHA256: '0'.repeat(64) }, '--allow-host-loopback',
    );

    expect(outcome(run)).toEqual({ type: 'build.finished', status: 'failed', code: 'instruction-failed' });
    expect(run.events[run.events.length - 1].error.path).toBe('Mutated/Image/GoToolchain');
    expect(run.events[run.events.length - 1].error.message).toContain('has the SHA-256');
  });
});
