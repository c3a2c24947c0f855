import { randomBytes } from 'crypto';
import { existsSync, lstatSync, mkdirSync, mkdtempSync, readFileSync, readlinkSync, rmSync, symlinkSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { machineFolders } from '../../lib/engine/bundle/bundle';
import { loadBundle, prepareBundle, startBundle } from '../../lib/engine/bundle/ship';
import { BundleMachine, putOf, runOf } from '../support/bundle-machine';
import { canStartMachines, hasBusybox, type Userland } from '../support/chroot-machine';

const userlands: Userland[] = hasBusybox ? ['host', 'busybox'] : ['host'];

(canStartMachines ? describe : describe.skip).each(userlands)('the runner, with the programs of %s', (userland) => {
  let machine: BundleMachine;
  beforeAll(async () => { machine = await BundleMachine.start(userland); });
  const assets = mkdtempSync(join(tmpdir(), 'golden-assets-'));
  afterAll(async () => {
    await machine.destroy();
    rmSync(assets, { recursive: true });
  });
  const file = (path: string) => join(machine.root, path);

  test('instructions run in order, and each has its own output and exit code', async () => {
    const { end, records, stdout, stderr } = await machine.run([runOf('echo one; echo uno >&2'), runOf('echo two'), runOf('exit 3', { validExitCodes: [0, 3] })]);
    expect(end).toEqual({ type: 'ok' });
    expect(stdout).toEqual({ 0: 'one\n', 1: 'two\n' });
    expect(stderr).toEqual({ 0: 'uno\n' });
    expect(records.flatMap((r) => (r.type === 'end' ? [[r.index, r.exitCode, r.how]] : []))).toEqual([[0, 0, 'ok'], [1, 0, 'ok'], [2, 3, 'ok']]);
  });

  test('the first instruction that fails is the last', async () => {
    const { end, stdout } = await machine.run([runOf('echo before; exit 7'), runOf('echo never')]);
    expect(end).toEqual({ type: 'failed', index: 0, exitCode: 7, timedOut: false });
    expect(stdout).toEqual({ 0: 'before\n' });
  });

  test('a script gets its arguments, environment and folder, and nothing of the environment of root', async () => {
    const script = 'echo "$0 $# $1|$2|$A|$HOME|$USER|$LOGNAME|$SHELL|$(pwd)"; env | cut -d= -f1 | sort | tr "\\n" " "';
    const { stdout } = await machine.run([runOf(script, { arguments: ['-x', 'a b'], environment: { A: 'it\'s' }, workingDirectory: '/srv' })]);
    expect(stdout[0]).toMatch(/^\/var\/tmp\/golden-test\/\d+\/0\.script 2 -x\|a b\|it's\|\/root\|root\|root\|\/bin\/sh\|\/srv\n/);
    expect(stdout[0].split('\n')[1]).toMatch(/^A HOME (LANG )?LOGNAME (OLDPWD )?PATH PWD SHELL (SHLVL )?USER (_ )?$/);
  });

  test('a script runs as the user it names, with the groups and home of that user', async () => {
    const { end, stdout } = await machine.run([runOf('id -u; id -g; id -G; echo $HOME; pwd; cat "$0" >/dev/null', { user: 'app' })]);
    expect(end).toEqual({ type: 'ok' });
    expect(stdout[0]).toBe('1234\n1234\n1234 4\n/home/app\n/home/app\n');
  });

  test('a user made by an earlier instruction is known to a later one', async () => {
    const { end, stdout } = await machine.run([
      runOf('echo late:x:77:77::/srv:/bin/sh >>/etc/passwd; echo late:x:77: >>/etc/group'),
      runOf('id -u', { user: 'late' }),
      putOf('mine', '/srv/late', { owner: 'late', group: 'late' }),
    ]);
    expect(end).toEqual({ type: 'ok' });
    expect(stdout[1]).toBe('77\n');
    expect(lstatSync(file('srv/late'))).toMatchObject({ uid: 77, gid: 77 });
  });

  test('a user that the machine does not have is a failure that names it', async () => {
    const { end, stderr } = await machine.run([runOf('id', { user: 'nobody-here' })]);
    expect(end).toMatchObject({ type: 'failed', index: 0, exitCode: 125 });
    expect(stderr[0]).toBe('golden: this machine has no user nobody-here\n');
  });

  test('a working directory that the machine does not have is a failure that names it', async () => {
    const { end, stderr } = await machine.run([runOf('pwd', { workingDirectory: '/not/here' })]);
    expect(end).toMatchObject({ type: 'failed', index: 0, exitCode: 125 });
    expect(stderr[0]).toBe('golden: this machine has no folder /not/here\n');
  });

  test('an owner that the machine does not have is a failure that names it', async () => {
    const { end, stderr } = await machine.run([putOf('x', '/srv/x', { group: 'wheel' })]);
    expect(end).toMatchObject({ type: 'failed', index: 0, exitCode: 125 });
    expect(stderr[0]).toBe('golden: this machine has no group wheel\n');
  });

  test('what takes too long is ended, with the processes it started', async () => {
    const started = Date.now();
    const { end } = await machine.run([runOf('sleep 1234 & trap "" TERM; sleep 1235; sleep 1236', { timeoutSeconds: 1 })]);
    expect(end).toEqual({ type: 'failed', index: 0, exitCode: 124, timedOut: true });
    expect(Date.now() - started).toBeLessThan(9_000);
    expect(await machine.execute('grep -lE "sleep.123[456]" /proc/[0-9]*/cmdline || true')).toBe('');
  }, 15_000);

  test('a daemon that a script leaves behind lives on', async () => {
    await machine.run([runOf('setsid sleep 4321 >/dev/null 2>&1 </dev/null & echo $! >/srv/daemon')]);
    expect(await machine.execute('kill -0 $(cat /srv/daemon) && echo alive')).toBe('alive\n');
    await machine.execute('kill $(cat /srv/daemon)');
  });

  test('what fails is tried again, with pauses that double, as often as it says', async () => {
    const { end, records, stdout } = await machine.run([
      runOf('echo x >>/srv/tries; test $(wc -l </srv/tries) -ge 2', { attempts: 5, backoffSeconds: 0 }),
      runOf('echo again; false', { attempts: 3, backoffSeconds: 1 }),
    ]);
    expect(end).toEqual({ type: 'failed', index: 1, exitCode: 1, timedOut: false });
    expect(records.flatMap((r) => (r.type === 'retry' ? [[r.index, r.attempt, r.backoffSeconds]] : []))).toEqual([[0, 1, 0], [1, 1, 1], [1, 2, 2]]);
    expect(stdout[1]).toBe('again\nagain\nagain\n');
  });

  test('a secret reaches only the instruction that names it, and no file is left of it', async () => {
    const { end, stdout } = await machine.run([
      runOf('echo ${TOKEN-none}; ls -l /run/golden-test/*/1.secrets | cut -c1-10'),
      runOf('printf %s "$TOKEN"; stat -f -c " %T" /run/golden-test', { secrets: { TOKEN: 'token' } }),
      runOf('echo ${TOKEN-none}; ls /run/golden-test/*/*.secrets 2>/dev/null || true; grep -rl "s3c.ret" /run /var | grep -vE "1.out|2.script" || true'),
    ], { secrets: { token: 's3c\'ret\n$(x)' } });
    expect(end).toEqual({ type: 'ok' });
    expect(stdout).toEqual({ 0: 'none\n-rw-------\n', 1: 's3c\'ret\n$(x) tmpfs\n', 2: 'none\n' });
  });

  test('a secret given to a script of another user is not readable by that user as a file', async () => {
    const { stdout } = await machine.run([
      runOf('printf "%s " "$TOKEN"; cat /run/golden-test/*/0.secrets 2>/dev/null || echo refused', { user: 'app', secrets: { TOKEN: 'token' } }),
    ], { secrets: { token: 'abc' } });
    expect(stdout[0]).toBe('abc refused\n');
  });

  test('a file gets its owner, group and mode, and the folders above it belong to root', async () => {
    await machine.run([putOf('hello', '/srv/a/b/c.conf', { owner: 'app', group: 'adm', mode: '04751' }), putOf('', '/srv/empty')]);
    expect(readFileSync(file('srv/a/b/c.conf'), 'utf8')).toBe('hello');
    expect(lstatSync(file('srv/a/b/c.conf'))).toMatchObject({ uid: 1234, gid: 4, mode: 0o104751 });
    expect(lstatSync(file('srv/a'))).toMatchObject({ uid: 0, gid: 0, mode: 0o40755 });
    expect(lstatSync(file('srv/empty'))).toMatchObject({ size: 0, mode: 0o100644 });
  });

  test('an owner may be a number that no user has', async () => {
    await machine.run([putOf('x', '/srv/numbered', { owner: '4711', group: '4712' })]);
    expect(lstatSync(file('srv/numbered'))).toMatchObject({ uid: 4711, gid: 4712 });
  });

  test('a program that is running is replaced', async () => {
    await machine.execute('cp $(readlink -f /bin/sleep) /srv/sleep; chmod 755 /srv/sleep');
    if (userland === 'busybox') { await machine.execute('rm /srv/sleep; cp /usr/bin/busybox /srv/sleep'); }
    const { end } = await machine.run([
      runOf('/srv/sleep 99 >/dev/null 2>&1 & echo $! >/srv/sleep.pid; until grep -q sleep /proc/$!/comm; do :; done'),
      putOf('#!/bin/sh\necho new\n', '/srv/sleep', { mode: '0755' }),
      runOf('/srv/sleep; kill $(cat /srv/sleep.pid)'),
    ]);
    expect(end).toEqual({ type: 'ok' });
  });

  test('a folder arrives with its links, empty folders and names that are not UTF-8', async () => {
    const folder = join(assets, 'tree');
    mkdirSync(join(folder, 'empty'), { recursive: true });
    mkdirSync(join(folder, 'deep', 'x'.repeat(120)), { recursive: true });
    writeFileSync(Buffer.concat([Buffer.from(`${folder}/caf`), Buffer.from([0xe9, 0xff, 0x81])]), 'latin');
    writeFileSync(join(folder, 'deep', 'x'.repeat(120), 'run.sh'), '#!/bin/sh\n', { mode: 0o755 });
    symlinkSync('../gone', join(folder, 'deep', 'link'));
    const { end } = await machine.run([putOf('', '/srv/tree', { content: { asset: 'tree', kind: 'directory' }, owner: 'app', group: 'app', directoryMode: '0750' })], { assetFolder: assets });
    expect(end).toEqual({ type: 'ok' });
    expect(lstatSync(file('srv/tree/empty'))).toMatchObject({ uid: 1234, mode: 0o40750 });
    expect(readlinkSync(file('srv/tree/deep/link'))).toBe('../gone');
    expect(lstatSync(join(file('srv/tree/deep'), 'x'.repeat(120), 'run.sh'))).toMatchObject({ mode: 0o100755, uid: 1234 });
    expect(readFileSync(Buffer.concat([Buffer.from(file('srv/tree/caf')), Buffer.from([0xe9, 0xff, 0x81])]), 'utf8')).toBe('latin');
  });

  test('a large file that cannot be made smaller arrives whole, also where its bundle is started twice, and leaves nothing beside it', async () => {
    const content = randomBytes((5 << 20) + 7);
    writeFileSync(join(assets, 'dense'), content);
    const bundle = machine.pack([runOf('ls /var/tmp/golden-test'), putOf('', '/srv/dense', { content: { asset: 'dense', kind: 'file' } })], { assetFolder: assets });
    const upload = jest.spyOn(machine.connection, 'upload');
    const ship = async () => startBundle(machine.connection, machineFolders('test'), await loadBundle(machine.connection, machineFolders('test'), bundle, await prepareBundle('exec', bundle)));
    await ship();
    expect(upload.mock.calls.map(([, path]) => path)).toEqual([`${bundle.payload}.1.tar`]);
    await ship();
    const { end } = await machine.follow(bundle);
    expect(end).toEqual({ type: 'ok' });
    expect(readFileSync(file('srv/dense')).equals(content)).toBe(true);
    upload.mockRestore();
  });

  test('a folder laid over an existing one keeps what is there, and its mode where tar can', async () => {
    const folder = join(assets, 'overlay');
    mkdirSync(join(folder, 'lib'), { recursive: true });
    writeFileSync(join(folder, 'lib', 'new'), 'new');
    await machine.execute('mkdir -p /srv/app/real; ln -s real /srv/app/lib; echo old >/srv/app/lib/old; chmod 700 /srv/app');
    await machine.run([putOf('', '/srv/app', { content: { asset: 'overlay', kind: 'directory' } })], { assetFolder: assets });
    expect(readlinkSync(file('srv/app/lib'))).toBe('real');
    expect(readFileSync(file('srv/app/real/new'), 'utf8')).toBe('new');
    expect(existsSync(file('srv/app/real/old'))).toBe(true);
    if (userland === 'host') { expect(lstatSync(file('srv/app')).mode).toBe(0o40700); }
  });

  test('the runner waits at a boundary until it is told to go on', async () => {
    const seen: string[] = [];
    const { end, records } = await machine.run([runOf('touch /srv/first'), runOf('touch /srv/second')], {
      holds: { 0: 'always', 1: 100 },
      onRecord: async (record) => {
        if (record.type !== 'hold') { return; }
        await new Promise((resolve) => setTimeout(resolve, 200));
        seen.push(`${existsSync(file('srv/first'))} ${existsSync(file('srv/second'))}`);
        await machine.execute(`: >/run/golden-test/$(ls /run/golden-test | sort -n | tail -1)/go.${record.index}`);
      },
    });
    expect(end).toEqual({ type: 'ok' });
    expect(seen).toEqual(['true false']);
    expect(records.map((r) => r.type)).toEqual(['begin', 'start', 'end', 'hold', 'go', 'start', 'end', 'finish']);
  });

  test('it waits by itself where the time since the last checkpoint is worth one', async () => {
    const { records } = await machine.run([runOf('true'), runOf('true')], {
      holds: { 0: 5, 1: 5 },
      sinceCheckpoint: 6,
      onRecord: async (record) => {
        if (record.type === 'hold') { await machine.execute(`: >/run/golden-test/$(ls /run/golden-test | sort -n | tail -1)/go.${record.index}`); }
      },
    });
    expect(records.filter((r) => r.type === 'hold')).toEqual([{ type: 'hold', index: 0 }]);
  });

  test('a runner that is asked to end, as when the machine shuts down, says so at once', async () => {
    const begin = Date.now();
    const { end, records } = await machine.run([runOf('kill -TERM $(cat /run/golden-test/*/pid) 2>/dev/null; sleep 30')]);
    expect(end).toEqual({ type: 'gone' });
    expect(records[records.length - 1]).toEqual({ type: 'finish', how: 'terminated' });
    expect(Date.now() - begin).toBeLessThan(3_000);
  });

  test('a state that has gone is told from a runner that has gone', async () => {
    const bundle = machine.pack([runOf('sleep 30')]);
    expect((await machine.run([runOf('kill -9 $(cat /run/golden-test/*/pid) 2>/dev/null; sleep 1')])).end).toEqual({ type: 'gone' });
    await machine.execute(`mkdir -p ${bundle.payload}; cp /var/tmp/golden-test/0/follower.sh ${bundle.payload}`);
    expect((await machine.follow(bundle)).end).toEqual({ type: 'restarted' });
  });
});
