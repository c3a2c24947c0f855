import { spawn, type ChildProcess } from 'child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'fs';
import { tmpdir } from 'os';
import { join } from 'path';
import { buildSync } from 'esbuild';

// The command as a process of its own, bundled as it is shipped: signals and pipes show nowhere else.
const folder = mkdtempSync(join(tmpdir(), 'process-'));
const command = join(folder, 'golden.js');

beforeAll(() => {
  buildSync({
    entryPoints: [join(__dirname, '..', '..', 'lib', 'cli', 'main.ts')],
    outfile: command,
    bundle: true,
    platform: 'node',
    target: 'node20',
    external: ['cpu-features', './ec2-wiring'],
    loader: { '.node': 'empty', '.sh': 'text' },
  });
  writeFileSync(join(folder, 'stubborn.js'), 'process.on("SIGINT", () => {}); console.log("app runs"); setTimeout(() => {}, 60000);');
}, 30_000);
afterAll(() => rmSync(folder, { recursive: true }));

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends the app that runs, and the command with the exit code of an interruption', async (signal) => {
  const { child, ended } = golden('synth', '--app', 'node stubborn.js');
  await said(child, 'app runs');
  child.kill(signal);
  await expect(ended).resolves.toEqual({
    exitCode: 130,
    out: '',
    err: 'app runs\n\nInterrupted: cleaning up. Once more to exit at once; "golden gc" then removes what is left.\nInterrupted.\n',
  });
});

test('a reader that has gone is no reason to fail', async () => {
  const { child, ended } = golden('--help');
  child.stdout!.destroy();
  await expect(ended).resolves.toMatchObject({ exitCode: 0, err: '' });
});

function golden(...argv: string[]) {
  const child = spawn(process.execPath, [command, ...argv], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '';
  let err = '';
  child.stdout.on('data', (data) => { out += data; });
  child.stderr.on('data', (data) => { err += data; });
  const ended = new Promise<{ exitCode: number | null; out: string; err: string }>((resolve) => {
    child.once('close', (exitCode) => resolve({ exitCode, out, err }));
  });
  return { child, ended };
}

function said(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve) => child.stderr!.on('data', (data) => { if (String(data).includes(text)) { resolve(); } }));
}
