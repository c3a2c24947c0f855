import { spawn, type ChildProcess } from 'child_process';
import { processOutput } from '../../lib/cli/process-output';

const MIB = 'x'.repeat(1 << 20);
const children: ChildProcess[] = [];
afterEach(() => { for (const child of children.splice(0)) { child.kill('SIGKILL'); } });

/** What is written to a process that reads its input only when it is told to. */
function pipeTo(script: string, signal = new AbortController().signal) {
  const child = spawn('sh', ['-c', script], { stdio: ['pipe', 'pipe', 'ignore', 'pipe'] });
  children.push(child);
  child.stdin!.on('error', () => undefined);
  const output = processOutput(child.stdin as unknown as NodeJS.WriteStream, signal);
  return { child, output, fill: () => { for (let mib = 0; mib < 8; mib++) { output.write(MIB); } } };
}

const aWhile = () => new Promise<true>((resolve) => setTimeout(() => resolve(true), 300));
const isPending = (promise: Promise<void>) => Promise.race([promise.then(() => false), aWhile()]);

describe('what a process writes', () => {
  test('is waited for by nobody where its reader keeps pace', () => {
    const { output } = pipeTo('exec cat >/dev/null');
    output.write('a line\n');
    expect(output.caughtUp!()).toBeUndefined();
  });

  test('is waited for where much of it is not read, until it is', async () => {
    const { child, output, fill } = pipeTo('read -r go <&3; exec cat >/dev/null');
    fill();
    const caughtUp = output.caughtUp!()!;
    expect(await isPending(caughtUp)).toBe(true);
    // However many wait, they wait for the same.
    expect(output.caughtUp!()).toBe(caughtUp);
    (child.stdio[3] as NodeJS.WritableStream).write('go\n');
    await caughtUp;
    expect(output.caughtUp!()).toBeUndefined();
  });

  test('is waited for no longer where its reader has gone', async () => {
    const { child, output, fill } = pipeTo('exec sleep 60');
    fill();
    const caughtUp = output.caughtUp!()!;
    child.kill('SIGKILL');
    await caughtUp;
    expect(output.caughtUp!()).toBeUndefined();
  });

  test('is waited for no longer where everybody is to leave', async () => {
    const interruption = new AbortController();
    const { output, fill } = pipeTo('exec sleep 60', interruption.signal);
    fill();
    const caughtUp = output.caughtUp!()!;
    interruption.abort();
    await caughtUp;
    expect(output.caughtUp!()).toBeUndefined();
  });
});
