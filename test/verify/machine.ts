import { spawn } from 'child_process';
import type { Communicator, ExecuteResult } from '../../lib/ports/communicator';

/** Runs commands on this very machine. Counts its calls. */
export function thisMachine(): { readonly execute: Communicator['execute']; calls: number } {
  const machine = {
    calls: 0,
    execute: (command: string, options: { readonly stdin?: Buffer | string } = {}) => new Promise<ExecuteResult>((resolve, reject) => {
      machine.calls++;
      const child = spawn('sh', ['-c', command]);
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      child.stdout.on('data', (data: Buffer) => stdout.push(data));
      child.stderr.on('data', (data: Buffer) => stderr.push(data));
      child.once('error', reject);
      child.once('close', (code) => resolve({ exitCode: code ?? 128, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr) }));
      child.stdin.on('error', () => { /* it ended without reading; its exit code says why */ });
      child.stdin.end(options.stdin);
    }),
  };
  return machine;
}
