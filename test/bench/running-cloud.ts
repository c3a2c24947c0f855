import { spawn } from 'child_process';
import { join } from 'path';
import { createInterface } from 'readline';
import type { CloudAnswer, CloudRequest } from './cloud';

export interface RunningCloud {
  readonly environment: { readonly [name: string]: string };
  ask(request: CloudRequest): Promise<CloudAnswer>;
  stop(): Promise<void>;
}

/** Starts the cloud in a process of its own. */
export async function startCloud(...words: readonly string[]): Promise<RunningCloud> {
  const child = spawn('npx', ['tsx', join(__dirname, 'cloud.ts'), ...words], { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const ask = async (request: CloudRequest) => {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await lines.next();
    if (done) { throw new Error('The cloud ended'); }
    return JSON.parse(value) as CloudAnswer;
  };
  const { environment } = await ask({ delayMs: 0 });
  return {
    environment,
    ask,
    stop: async () => {
      child.stdin.end();
      await ended;
    },
  };
}
