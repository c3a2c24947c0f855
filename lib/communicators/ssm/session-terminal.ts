import { randomBytes } from 'crypto';
import { once } from 'events';
import { PassThrough, Writable } from 'stream';
import { MarkedOutput } from './marked-output';
import type { SessionChannel } from './session-channel';
import { openSession } from './session-opening';
import type { SsmApi } from './ssm-api';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { Attachment, Terminal } from '../../ports/attachment';
import type { Clock } from '../../ports/clock';
import type { CloudAccess } from '../../ports/cloud-access';

const OPEN_MS = 30_000;
/** What a terminal takes for the end of what is typed. */
const END_OF_INPUT = '\x04';

export interface SessionTerminalOptions {
  readonly api: SsmApi;
  readonly access: CloudAccess;
  readonly instanceId: string;
  readonly clock: Clock;
}

/**
 * Starts a command, as root, in a terminal that the agent of the machine makes. Session Manager runs it as a user of its own who may
 * become root, and tells nobody its exit code: so the command says that itself.
 */
export async function startInTerminal(
  { api, access, instanceId, clock }: SessionTerminalOptions, command: string, terminal: Terminal,
): Promise<Attachment> {
  const mark = `golden-${randomBytes(8).toString('hex')}`;
  let tellEnded: () => void = () => undefined;
  const sessionEnded = new Promise<void>((resolve) => { tellEnded = resolve; });
  const channel = await openSession(api, access, clock, {
    instanceId,
    document: 'AWS-StartInteractiveCommand',
    parameters: { command: [markedScript(command, terminal, mark)] },
    far: 'terminal',
    what: 'open a terminal',
    timeoutMs: OPEN_MS,
    onEnded: tellEnded,
  });
  const stdout = new PassThrough();
  const ended = follow(channel, stdout, new MarkedOutput(`${mark}(`, `${mark})`)).finally(async () => {
    stdout.end();
    channel.destroy();
    await sessionEnded;
  });
  ended.catch(() => { /* whoever waits for it is told */ });
  return {
    stdin: new Writable({
      write: (data: Buffer, _encoding, done) => { if (channel.destroyed) { done(); } else { channel.write(data, () => done()); } },
      final: (done) => { if (channel.destroyed) { done(); } else { channel.write(END_OF_INPUT, () => done()); } },
    }),
    stdout,
    stderr: new PassThrough().end(),
    ended,
    resize: (size) => channel.resize(size),
    end: async () => {
      channel.destroy();
      stdout.resume();
      await sessionEnded;
    },
  };
}

/** Passes on what the command writes. Returns its exit code. */
async function follow(channel: SessionChannel, stdout: PassThrough, output: MarkedOutput): Promise<number> {
  try {
    for await (const piece of channel) {
      const said = output.take(piece as Buffer);
      if (said.length > 0 && !stdout.write(said)) { await Promise.race([once(stdout, 'drain'), once(stdout, 'close'), once(channel, 'close')]); }
      if (output.exitCode !== undefined) { return output.exitCode; }
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') { throw error; }
  }
  const before = output.before.trim();
  throw new GoldenError('connection-lost', `The session with the machine has ended before the command${before && `: ${before}`}`);
}

/** A shell that waits for a command leaves its keys to it: it only must not die of them. */
function markedScript(command: string, { columns, rows, type }: Terminal, mark: string): string {
  const run = quote(`export TERM=${quote(type)}; cd "$HOME"; ${command}`);
  return `trap : INT QUIT; stty cols ${Math.trunc(columns)} rows ${Math.trunc(rows)}; printf %s '${mark}('
if [ "$(id -u)" = 0 ]; then HOME=/root sh -c ${run}; else sudo -n -H -- sh -c ${run}; fi
printf '%s%s.' '${mark})' "$?"`;
}
