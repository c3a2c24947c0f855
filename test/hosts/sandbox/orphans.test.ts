import { spawn, type ChildProcess } from 'child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { endProcessesOf } from '../../../lib/hosts/sandbox/orphans';

const work = mkdtempSync(join(tmpdir(), 'orphans-'));
const folder = join(work, 'machine');
const started: ChildProcess[] = [];
beforeAll(() => mkdirSync(folder));
afterAll(() => {
  started.forEach((child) => child.kill('SIGKILL'));
  rmSync(work, { recursive: true });
});

/** A process of this name that works for long on what is given as its argument. */
async function working(name: string, on: string): Promise<{ readonly ended: Promise<string>; readonly child: ChildProcess }> {
  const program = join(work, name);
  copyFileSync('/bin/sh', program);
  const child = spawn(program, ['-c', 'echo works; read forever', name, on], { stdio: ['pipe', 'pipe', 'ignore'], detached: true });
  started.push(child);
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  return { child, ended: new Promise((resolve) => child.once('exit', (_, signal) => resolve(String(signal)))) };
}

test.each([
  'unshare', 'systemd-nspawn', 'qemu-system-x86_64', 'qemu-img', 'mmdebstrap', 'tar', 'cp', 'du', 'sgdisk', 'mke2fs', 'grub-mkimage',
])('%s that works on the folder is ended', async (name) => {
  const { ended } = await working(name, join(folder, 'root'));
  await endProcessesOf(folder);
  expect(await ended).toBe('SIGKILL');
});

test('what works elsewhere, and what somebody opened there, goes on', async () => {
  const elsewhere = await working('cp', join(work, 'another'));
  const editor = await working('nano', join(folder, 'root', 'notes'));
  await endProcessesOf(folder);
  expect(elsewhere.child.exitCode ?? elsewhere.child.signalCode).toBeNull();
  expect(editor.child.exitCode ?? editor.child.signalCode).toBeNull();
});
