import { existsSync, mkdtempSync, rmSync, utimesSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { setTimeout as pause } from 'timers/promises';
import { leaseOf, leaseScript } from '../../../lib/hosts/ec2/lease-script';
import { run } from '../../../lib/process';

let folder: string;
let file: string;
let ended: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'golden-lease-'));
  file = join(folder, 'lease');
  ended = join(folder, 'ended');
});
afterEach(() => rmSync(folder, { recursive: true }));

/** The watchdog of a lease of two seconds; in place of the end of the machine it writes a file. */
async function watch(): Promise<void> {
  // Without systemd, so that nothing of this computer's own is asked.
  const script = leaseScript(2 / 60, { file, end: `touch ${ended}`, lookSeconds: 1 }).replace('-d /run/systemd/system', '-d /nonexistent');
  expect(await run(['sh', '-c', script])).toMatchObject({ exitCode: 0 });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) { await pause(50); }
}

test('a machine that nobody hears of ends itself', async () => {
  await watch();
  expect(existsSync(ended)).toBe(false);
  await until(() => existsSync(ended));
}, 20_000);

test('one whose lease is renewed goes on, whatever its clock does', async () => {
  await watch();
  const begin = Date.now();
  for (let turn = 0; Date.now() - begin < 4_000; turn++) {
    // The clock jumps: back by years at one time, ahead at another.
    const time = new Date(turn % 2 === 0 ? `20${10 + turn}-01-01` : `20${40 + turn}-01-01`);
    utimesSync(file, time, time);
    await pause(500);
  }
  expect(existsSync(ended)).toBe(false);
  await until(() => existsSync(ended));
}, 30_000);

test('once it is disarmed, the machine stays, and the watchdog is gone', async () => {
  await watch();
  rmSync(file);
  await pause(4_000);
  expect(existsSync(ended)).toBe(false);
  expect(existsSync(file)).toBe(false);
}, 20_000);

test('the machine is told to renew and to disarm in plain shell', async () => {
  const { renew, disarm, renewEveryMs } = leaseOf(30);
  expect(renewEveryMs).toBe(450_000);
  expect(renew).toBe('touch /run/golden-lease');
  expect(disarm).toBe('rm -f /run/golden-lease; systemctl stop golden-lease 2>/dev/null || true');
});
