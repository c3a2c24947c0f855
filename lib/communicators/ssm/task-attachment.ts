import { randomBytes } from 'crypto';
import { once } from 'events';
import { PassThrough, type Readable } from 'stream';
import { quote } from '../../plan/shell';
import type { Attachment } from '../../ports/attachment';
import type { ExecuteResult } from '../../ports/communicator';

/** What of a communicator a command needs that somebody attends to. */
export interface TaskRunner {
  run(
    command: string, options: { readonly input?: Readable; readonly signal: AbortSignal; onData(data: Buffer): void | Promise<void> },
  ): Promise<number>;
  execute(command: string): Promise<ExecuteResult>;
}

/**
 * A command over Run Command: stdout comes while it runs. Run Command has no stdin that stays open, so all that it is to read is
 * read here before it starts; and what it writes to stderr comes at its end.
 */
export function attachTask(runner: TaskRunner, command: string): Attachment {
  const stdin = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  const over = new AbortController();
  const ended = (async () => {
    const errors = `/run/golden-stderr-${randomBytes(6).toString('hex')}`;
    try {
      const first = await firstOf(stdin);
      const exitCode = await runner.run(`exec 2>${errors}\nexec sh -c ${quote(command)}`, {
        input: first && after(first, stdin),
        signal: over.signal,
        onData: async (data) => { if (!stdout.write(data)) { await Promise.race([once(stdout, 'drain'), once(stdout, 'close')]); } },
      });
      const said = await runner.execute(`cat ${errors}; rm -f ${errors}`);
      stderr.write(said.stdout);
      return exitCode;
    } finally {
      stdout.end();
      stderr.end();
    }
  })();
  ended.catch(() => { /* whoever waits for it is told */ });
  return {
    stdin,
    stdout,
    stderr,
    ended,
    resize: () => { /* it has no terminal */ },
    end: async () => {
      over.abort();
      stdin.destroy();
      stdout.destroy();
    },
  };
}

/** The first piece; undefined where there is none. */
async function firstOf(stream: Readable): Promise<Buffer | undefined> {
  for (;;) {
    const piece = stream.read() as Buffer | null;
    if (piece) { return piece; }
    if (stream.readableEnded || stream.destroyed) { return undefined; }
    await Promise.race([once(stream, 'readable'), once(stream, 'end'), once(stream, 'close')]);
  }
}

function after(first: Buffer, rest: PassThrough): Readable {
  rest.unshift(first);
  return rest;
}
