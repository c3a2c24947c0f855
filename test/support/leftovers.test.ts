import { spawn } from 'child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { leftovers } from './leftovers';

const folder = mkdtempSync(join(tmpdir(), 'golden-leftovers-'));
const home = join(folder, 'home');
const output = join(folder, 'out');
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test('a clean home and a published artifact are no leftovers', () => {
  mkdirSync(join(output, 'Stack-Image', '0123456789abcdef'), { recursive: true });
  mkdirSync(join(home, 'sandbox', 'layers'), { recursive: true });

  expect(leftovers(home, output)).toEqual([]);
});

test('a machine, a lock, a draft and a process are', () => {
  mkdirSync(join(home, 'sandbox', 'machines', 'm1'), { recursive: true });
  mkdirSync(join(home, 'locks', 'l1'), { recursive: true });
  mkdirSync(join(output, 'Stack-Image', '.draft'), { recursive: true });
  const child = spawn('sleep', ['20'], { cwd: home });

  const found = leftovers(home, output);
  child.kill('SIGKILL');

  expect(found).toEqual([`running: ${child.pid} sleep 20`, 'machine: m1', 'lock: l1', 'draft: Stack-Image/.draft']);
});
