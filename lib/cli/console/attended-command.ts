import { once } from 'events';
import type { Readable, Writable } from 'stream';
import type { ProcessStreams } from './process-streams';
import type { Attachment, Entrance, EntranceOptions, Terminal } from '../../ports/attachment';

/** A login shell, as good a one as the machine has. */
const SHELL = 'cd; if command -v bash >/dev/null; then exec bash -l; fi; exec sh -l';

/** Whether a person sits at both ends. */
export function isInteractive({ stdin, stdout }: ProcessStreams): boolean {
  return stdin.isTTY === true && stdout.isTTY === true;
}

/** Opens a root shell on a machine, with this terminal, until it is left. Returns its exit code. */
export async function attendShell(
  entrance: Entrance, streams: ProcessStreams, environment: NodeJS.ProcessEnv, options: Pick<EntranceOptions, 'unpublished'> & { readonly signal: AbortSignal },
): Promise<number> {
  const { stdin, stdout } = streams;
  const terminal: Terminal = { ...sizeOf(stdout), type: environment.TERM ?? 'xterm' };
  const attachment = await entrance.attach(SHELL, { unpublished: options.unpublished, terminal });
  const resize = () => attachment.resize(sizeOf(stdout));
  stdout.on('resize', resize);
  stdin.setRawMode?.(true);
  try {
    await streams.passOutput?.();
    return await carry(attachment, streams, { stdin: true, signal: options.signal });
  } finally {
    stdin.setRawMode?.(false);
    stdout.off('resize', resize);
  }
}

/** Runs a command on a machine, with the streams of this process. Returns its exit code. */
export function attendCommand(attachment: Attachment, streams: ProcessStreams, signal: AbortSignal): Promise<number> {
  // What is typed would be gone when the command does not read it.
  return carry(attachment, streams, { stdin: !streams.stdin.isTTY, signal });
}

async function carry(
  attachment: Attachment, { stdin, stdout, stderr }: ProcessStreams, how: { readonly stdin: boolean; readonly signal: AbortSignal },
): Promise<number> {
  const abort = () => { attachment.end().catch(() => undefined); };
  how.signal.addEventListener('abort', abort, { once: true });
  if (how.signal.aborted) { abort(); }
  const forward = (data: Buffer | string) => {
    if (!attachment.stdin.write(data)) {
      stdin.pause();
      attachment.stdin.once('drain', () => stdin.resume());
    }
  };
  const end = () => attachment.stdin.end();
  attachment.stdin.on('error', () => { /* it ended without reading */ });
  if (how.stdin) { stdin.on('data', forward).once('end', end).resume(); } else { end(); }
  try {
    const [exitCode] = await Promise.all([attachment.ended, copy(attachment.stdout, stdout), copy(attachment.stderr, stderr)]);
    return exitCode;
  } catch (error) {
    await attachment.end();
    throw error;
  } finally {
    how.signal.removeEventListener('abort', abort);
    stdin.off('data', forward).off('end', end);
    stdin.pause();
  }
}

async function copy(from: Readable, to: Writable): Promise<void> {
  for await (const data of from) {
    if (!to.write(data) && !to.destroyed) { await Promise.race([once(to, 'drain'), once(to, 'close'), once(to, 'error')]); }
  }
}

function sizeOf({ columns, rows }: ProcessStreams['stdout']): { readonly columns: number; readonly rows: number } {
  return { columns: columns || 80, rows: rows || 24 };
}
