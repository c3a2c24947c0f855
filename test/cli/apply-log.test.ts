import { spawn } from 'child_process';
import { mkdtempSync, readFileSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { recordedBuild } from './recorded-build';
import { openApplyLog } from '../../lib/cli/apply/apply-log';
import { callingArguments, optionIn } from '../../lib/cli/apply/calling-process';

let folder: string;
beforeEach(() => { folder = mkdtempSync(join(tmpdir(), 'golden-log-')); });
afterEach(() => rmSync(folder, { recursive: true }));

function openLog() {
  let shown = '';
  const log = openApplyLog('/any/Web.golden-plan.json', { assembly: folder, stateFolder: folder }, { write: (text) => { shown += text; } });
  return { log, shown: () => shown, written: () => readFileSync(log.path, 'utf8') };
}

test('a terminal is shown what is waited for, and where the rest is', () => {
  const { log, shown, written } = openLog();
  recordedBuild().forEach((event) => log.report(event));
  expect(shown()).toBe(`\
Web/Image | log: ${join(folder, 'golden', 'Web.log')}
Web/Image | base: Debian bookworm
Web/Image | provision
Web/Image | [2/3] Site
Web/Image | [3/3] Flaky: attempt 2
Web/Image | [3/3] Flaky: FAILED with exit code 7 after 0.5 s
Web/Image | warning: the disk is nearly full
Web/Image | check file /srv/index.html: mode FAILED: expected to equal "0644", found "0600"
Web/Image | FAILED after 1 min 20 s: Web/Image/Page: 1 check failed
Web/Image |   Look at the checks.
`);
  expect(written()).toContain(' Web/Image | [2/3]   half a line\n');
  expect(log.outputOf('Web/Image')).toEqual(['[2/3]   copying', '[2/3]   warning', '[2/3]   half a line']);
});

test('of an image that is unchanged, a terminal is shown no more than that', () => {
  const { log, shown } = openLog();
  const context = { time: '2026-01-02T03:04:05.000Z', image: 'Web/Image' };
  log.report({ ...context, type: 'build.started', host: 'ec2', definitionHash: 'd'.repeat(64), instructions: 0 });
  log.report({ ...context, type: 'phase.started', phase: 'resolve' });
  log.report({ ...context, type: 'build.finished', status: 'unchanged', definitionHash: 'd'.repeat(64), seconds: 0.5, artifact: { id: 'ami-1', files: [] } });
  expect(shown()).toBe('Web/Image | unchanged: ami-1\n');
});

test.each([
  [['node', 'cdk', 'deploy', '--profile', 'team', '--all'], 'team'],
  [['node', 'cdk', '--profile=a=b', 'deploy'], 'a=b'],
  [['node', 'cdk', 'deploy', '--profile', 'one', '--profile', 'two'], 'two'],
  [['node', 'cdk', 'deploy', '--profile'], undefined],
  [['node', 'cdk', 'deploy', '--profiles', 'team'], undefined],
])('the profile is found among arguments: %j', (args, profile) => {
  expect(optionIn(args, 'profile')).toBe(profile);
});

test('a shell between two processes is looked past', async () => {
  const shell = spawn('/bin/sh', ['-c', 'sleep 60; true'], { stdio: 'ignore', detached: true });
  try {
    const args = await callingArguments(shell.pid);
    expect(args[0]).toBe(process.argv0);
    expect(args).not.toContain('-c');
  } finally {
    process.kill(-shell.pid!);
  }
});
