import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { hostname, tmpdir } from 'os';
import { join } from 'path';
import { systemClock } from '../../lib/cli/wiring';
import { LockFile, type LockRecord } from '../../lib/engine/lock-file';
import type { LockOptions, LockOwner } from '../../lib/ports/state';
import { start } from '../../lib/process';

const state = mkdtempSync(join(tmpdir(), 'golden-locks-'));
const children: ReturnType<typeof start>[] = [];
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

/** Another process that takes the lock of a key. */
async function other(key: string, buildId = 'theirs') {
  const child = start([process.execPath, '--import', 'tsx', join(__dirname, 'programs', 'take-lock.ts'), state, key, buildId]);
  children.push(child);
  let said = '';
  child.stdout!.on('data', (data) => { said += data; });
  const until = async (text: string) => { while (!said.includes(text)) { await new Promise((resolve) => setTimeout(resolve, 20)); } };
  return { child, until, release: () => child.stdin!.write('\n'), ended: new Promise((resolve) => child.once('close', resolve)) };
}

function owner(changes: Partial<LockRecord>): string {
  return JSON.stringify({ buildId: 'theirs', image: 'Stack/Other', pid: process.pid, started: 1, host: hostname(), expires: Date.now() + 60_000, ...changes });
}

function hold(key: string, content: string): void {
  mkdirSync(join(state, 'locks'), { recursive: true });
  writeFileSync(join(state, 'locks', `${key}.lock`), content);
}

test('a free lock is taken at once, and nothing is left of it when it is given back', async () => {
  const { lock, waited } = await LockFile.acquire(state, 'free', options());
  expect(waited).toBe(false);
  expect(JSON.parse(readFileSync(join(state, 'locks', 'free.lock'), 'utf8'))).toMatchObject({ buildId: 'mine', image: 'Stack/Mine', pid: process.pid });
  await lock.release();
  await lock.release();
  expect(readdirSync(join(state, 'locks'))).toEqual([]);
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
  expect(existsSync(join(state, 'locks', 'killed.lock'))).toBe(false);
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

test('a lock that was not renewed in time is taken over, whoever has it', async () => {
  hold('expired', owner({ host: 'elsewhere', expires: Date.now() - 1 }));
  const { lock } = await LockFile.acquire(state, 'expired', options());
  await lock.release();
});

test('a lock of another host is respected until it expires', async () => {
  hold('remote', owner({ host: 'elsewhere', expires: Date.now() + 700 }));
  const begin = Date.now();
  const { lock } = await LockFile.acquire(state, 'remote', options({ onWait: () => undefined }));
  expect(Date.now() - begin).toBeGreaterThanOrEqual(600);
  await lock.release();
});

test('a signal ends the wait', async () => {
  hold('endless', owner({ host: 'elsewhere' }));
  const controller = new AbortController();
  const waiting = LockFile.acquire(state, 'endless', options({ signal: controller.signal, onWait: () => controller.abort() }));
  await expect(waiting).rejects.toMatchObject({ code: 'interrupted' });
});

test('who has lost the lock does not give back what is another one\'s', async () => {
  const { lock } = await LockFile.acquire(state, 'lost', options());
  hold('lost', owner({}));
  await lock.release();
  expect(JSON.parse(readFileSync(join(state, 'locks', 'lost.lock'), 'utf8'))).toMatchObject({ buildId: 'theirs' });
});
