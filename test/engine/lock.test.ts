import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'fs';
import { hostname, tmpdir } from 'os';
import { join } from 'path';
import { systemClock } from '../../lib/cli/wiring';
import { LockFile, lockOwner, removeAbandonedLocks } from '../../lib/engine/lock-file';
import type { LockRecord } from '../../lib/engine/lock-record';
import { thisProcess } from '../../lib/engine/process-identity';
import type { Clock } from '../../lib/ports/clock';
import type { LockOptions, LockOwner } from '../../lib/ports/state';
import { killGroup, start } from '../../lib/process';
import { canStartMachines } from '../support/chroot-machine';

const state = mkdtempSync(join(tmpdir(), 'golden-locks-'));
const locks = join(state, 'locks');
const children: ReturnType<typeof start>[] = [];
/** Processes that do not see each other, as on two computers. */
const testWithNamespaces = canStartMachines ? test : test.skip;
/** Short enough to be waited for. */
const SHORT = { leaseMs: 700, renewalMs: 100 };
afterAll(() => {
  children.forEach((child) => child.kill('SIGKILL'));
  rmSync(state, { recursive: true });
});

function options(changes: Partial<LockOptions> = {}): LockOptions {
  return {
    buildId: 'mine',
    image: 'Stack/Mine',
    clock: systemClock,
    signal: new AbortController().signal,
    onWait: () => { throw new Error('nobody has it'); },
    ...changes,
  };
}

/** Another process that takes the lock of a key; `elsewhere`: one that we cannot see, as on another computer. */
async function other(key: string, { buildId = 'theirs', elsewhere = false, leaseMs = 60_000 } = {}) {
  const program = [process.execPath, '--import', 'tsx', join(__dirname, 'programs', 'take-lock.ts'), state, key, buildId, String(leaseMs)];
  const child = start(elsewhere ? ['unshare', '--pid', '--mount-proc', '--fork', '--kill-child', '--', ...program] : program, { detached: true });
  children.push(child);
  let said = '';
  child.stdout!.on('data', (data) => { said += data; });
  const until = async (text: string) => { while (!said.includes(text)) { await sleep(20); } };
  const ended = new Promise((resolve) => child.once('close', resolve));
  return { child, until, ended, said: () => said, release: () => child.stdin!.write('\n'), signal: (name: NodeJS.Signals) => killGroup(child, name) };
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** A lock of a process that is not there; `system`: one that we cannot look for. */
function owner(changes: Partial<LockRecord> = {}): string {
  return JSON.stringify({ buildId: 'theirs', image: 'Stack/Other', host: hostname(), ...thisProcess(), started: 1, ...changes });
}

function hold(key: string, content: string): void {
  mkdirSync(locks, { recursive: true });
  // Another file, as another owner's is.
  rmSync(join(locks, `${key}.lock`), { force: true });
  writeFileSync(join(locks, `${key}.lock`), content);
}

test('a free lock is taken at once, and nothing is left of it when it is given back', async () => {
  const { lock, waited } = await LockFile.acquire(state, 'free', options());
  expect(waited).toBe(false);
  expect(JSON.parse(readFileSync(join(locks, 'free.lock'), 'utf8'))).toMatchObject({ buildId: 'mine', image: 'Stack/Mine', pid: process.pid });
  await lock.release();
  await lock.release();
  expect(readdirSync(locks)).toEqual([]);
});

test('who comes second waits, knows for whom, and gets the lock when it is given back', async () => {
  const first = await other('shared');
  await first.until('taken');
  let awaited: LockOwner | undefined;
  const second = LockFile.acquire(state, 'shared', options({ onWait: (who) => { awaited = who; first.release(); } }));
  const { lock, waited } = await second;
  expect(waited).toBe(true);
  expect(awaited).toMatchObject({ buildId: 'theirs', image: 'Stack/Other', pid: first.child.pid, host: hostname() });
  await lock.release();
}, 20_000);

test('the lock of a process that was killed is taken over at once', async () => {
  const first = await other('killed');
  await first.until('taken');
  first.child.kill('SIGKILL');
  await first.ended;
  const { lock } = await LockFile.acquire(state, 'killed', options());
  await lock.release();
  expect(existsSync(join(locks, 'killed.lock'))).toBe(false);
}, 20_000);

test('of several who find an abandoned lock, one gets it at a time', async () => {
  hold('contended', owner({ pid: 999_999_999 }));
  let holders = 0;
  await Promise.all(Array.from({ length: 5 }, async (_, i) => {
    const { lock } = await LockFile.acquire(state, 'contended', options({ buildId: `build${i}`, onWait: () => undefined }));
    holders++;
    expect(holders).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 30));
    holders--;
    await lock.release();
  }));
}, 20_000);

test('of a process that we cannot see, a lock that is not renewed before our eyes is taken over, whatever any clock says', async () => {
  for (const [key, renewed] of [['long-ago', 0], ['in-the-future', Date.now() / 1000 + 1_000_000]] as const) {
    hold(key, owner({ system: 'another kernel' }));
    utimesSync(join(locks, `${key}.lock`), renewed, renewed);
    const begin = Date.now();
    const { lock } = await LockFile.acquire(state, key, options({ onWait: () => undefined }), SHORT);
    expect(Date.now() - begin).toBeGreaterThanOrEqual(SHORT.leaseMs);
    await lock.release();
  }
});

testWithNamespaces('a lock that is renewed is nobody else\'s, on which computer ever its owner is, and whatever our clock says', async () => {
  const theirs = await Promise.all([other('renewed-here', { leaseMs: 700 }), other('renewed-there', { leaseMs: 700, elsewhere: true })]);
  await Promise.all(theirs.map(({ until }) => until('taken')));
  const jumping: Clock = { ...systemClock, now: () => Date.now() + 30 * 86_400_000 };
  const tried = ['renewed-here', 'renewed-there'].map(async (key) => {
    const controller = new AbortController();
    setTimeout(() => controller.abort(), 3 * SHORT.leaseMs);
    const { lock } = await LockFile.acquire(state, key, options({ onWait: () => undefined, clock: jumping, signal: controller.signal }), SHORT);
    await lock.release();
  });
  for (const wait of tried) { await expect(wait).rejects.toMatchObject({ code: 'interrupted' }); }
  theirs.forEach(({ release }) => release());
}, 20_000);

test('a builder here that is stopped for longer than its lease keeps its lock, and who waits is told', async () => {
  const first = await other('stopped', { leaseMs: 700 });
  await first.until('taken');
  first.signal('SIGSTOP');
  const heard: boolean[] = [];
  const second = LockFile.acquire(state, 'stopped', options({ onWait: (_who, { silent }) => heard.push(silent) }), SHORT);
  while (heard.length < 2) { await sleep(20); }
  await sleep(SHORT.leaseMs);
  expect(heard).toEqual([false, true]);
  expect(await lockOwner(state, 'stopped', systemClock)).toMatchObject({ buildId: 'theirs' });
  first.signal('SIGCONT');
  first.release();
  const { lock } = await second;
  expect(first.said()).toBe('taken\n');
  await lock.release();
}, 20_000);

testWithNamespaces('a builder elsewhere that is stopped for longer than its lease has lost its lock, and learns of it as soon as it goes on', async () => {
  const first = await other('frozen', { leaseMs: 700, elsewhere: true });
  await first.until('taken');
  first.signal('SIGSTOP');
  const { lock } = await LockFile.acquire(state, 'frozen', options({ onWait: () => undefined }), SHORT);
  first.signal('SIGCONT');
  await first.until('lost to mine, held: false');
  expect(await lock.confirm()).toBe(true);
  first.release();
  await first.ended;
  expect(JSON.parse(readFileSync(join(locks, 'frozen.lock'), 'utf8'))).toMatchObject({ buildId: 'mine' });
  await lock.release();
}, 20_000);

test('a later process with the number of the owner is not taken for it', async () => {
  // GIVEN a lock of a process that had our number, and did not start when we did
  hold('reused', owner());
  expect(await lockOwner(state, 'reused', systemClock)).toBeUndefined();
  const begin = Date.now();
  const { lock } = await LockFile.acquire(state, 'reused', options());
  expect(Date.now() - begin).toBeLessThan(SHORT.leaseMs);
  await lock.release();
});

test('what killed builds left of their locks is removed, and nothing of those that live', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'golden-gc-locks-'));
  mkdirSync(join(folder, 'locks'));
  const put = (name: string, content: string, age = 0) => {
    writeFileSync(join(folder, 'locks', name), content);
    const then = Date.now() / 1000 - age;
    utimesSync(join(folder, 'locks', name), then, then);
  };
  const living = { ...thisProcess(), system: 'another kernel' };
  put('dead.lock', owner());
  put('dead.lock.takeover', owner());
  put('dead.lock.4711.0123abcd', '');
  put('empty.lock', '', 600);
  put('empty-since-just-now.lock', '');
  put('ours.lock', owner(thisProcess()), 3_600);
  put('theirs.lock', owner(living));
  put('theirs-of-old.lock', owner(living), 600);

  const removed = await removeAbandonedLocks(folder, systemClock);

  expect(readdirSync(join(folder, 'locks')).sort()).toEqual(['dead.lock.4711.0123abcd', 'empty-since-just-now.lock', 'ours.lock', 'theirs.lock']);
  expect(removed).toHaveLength(4);
  rmSync(folder, { recursive: true });
});

test('a lock that says nothing is told, with what to do', async () => {
  hold('broken', '{"buildId":');
  await expect(LockFile.acquire(state, 'broken', options())).rejects.toMatchObject({ code: 'unreadable-lock', hint: expect.stringContaining('golden gc') });
});

test('a signal ends the wait', async () => {
  hold('endless', owner(thisProcess()));
  const controller = new AbortController();
  const waiting = LockFile.acquire(state, 'endless', options({ signal: controller.signal, onWait: () => controller.abort() }));
  await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
});

test('who has lost the lock does not give back what is another one\'s', async () => {
  const { lock } = await LockFile.acquire(state, 'lost', options());
  hold('lost', owner());
  await lock.release();
  expect(JSON.parse(readFileSync(join(locks, 'lost.lock'), 'utf8'))).toMatchObject({ buildId: 'theirs' });
});
