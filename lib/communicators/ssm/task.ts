import { createHash, randomBytes } from 'crypto';
import { buffer } from 'stream/consumers';
import { gunzipSync } from 'zlib';
import type { RunCommand } from './run-command';
import { interrupted } from './ssm-api';
import { parseAnswer, pieceLost } from './task-answer';
import { END_TEXT, FOLLOW_TEXT, START_TEXT, SUPERVISOR_TEXT } from './task-script';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { Clock } from '../../ports/clock';
import type { ExpectedFile, StagedFile, Staging } from '../../ports/staging';

/** How long one command waits on the machine for something to tell. */
const WAIT_SECONDS = 8;
/** What a machine may do for one command beyond that: say it, or send a piece. One that takes longer is asked again, at no loss. */
const SAY_SECONDS = 4;
const SEND_SECONDS = 40;
/** What goes into an answer itself. */
const INLINE_BYTES = 17_000;
/** How long a machine may be silent until its connection counts as lost. */
const SILENCE_MS = 45_000;
const END_SECONDS = 10;
/** How often a piece is sent again that did not arrive. */
const TRIES = 4;

export interface TaskOptions {
  /** What the machine has until it restarts. */
  readonly mark: string;
  readonly command: string;
  /** A long command, in the place of `command`. */
  readonly script?: StagedFile;
  /** Its stdin; or what is brought to a file before the command starts. */
  readonly input?: { readonly file: StagedFile; readonly path?: string };
  /** Whether it is of interest what it writes to stderr. */
  readonly stderr: boolean;
  /** How many bytes are worth an answer of their own. */
  readonly least: number;
  readonly signal?: AbortSignal;
  /** Gets what the task writes, all of stdout before stderr; nothing further is read meanwhile. */
  readonly onData: (data: Buffer) => void | Promise<void>;
}

export interface TaskEnd {
  readonly exitCode: number;
  /** How many of the bytes were of stdout. */
  readonly stdoutBytes: number;
}

/** What tasks share that run on one machine. */
export interface TaskMachine {
  readonly runCommand: RunCommand;
  readonly staging: Staging;
  readonly clock: Clock;
  /** IDs of tasks that are over, and whose files can go. */
  readonly forget: string[];
}

interface Answer {
  readonly done: boolean;
  readonly exitCode: number;
  readonly stdoutBytes: number;
  readonly allBytes: number;
  readonly data: Buffer;
}

/** A command on the machine that goes on without us, and whose output is fetched piece by piece. */
export class Task {
  private readonly id = randomBytes(9).toString('hex');
  private from = 0;
  private known = 0;
  private started = false;

  constructor(private readonly machine: TaskMachine, private readonly options: TaskOptions) {}

  /**
   * Runs it to its end. Where that fails, or the signal says so, it is ended on the machine, too.
   * Errors: `connection-lost`, `task-gone`, `piece-lost`, `interrupted`, `task-failed`.
   */
  async run(): Promise<TaskEnd> {
    try {
      for (;;) {
        const answer = await this.next();
        if (answer.data.length > 0) { await this.options.onData(answer.data); }
        this.from += answer.data.length;
        this.known = answer.allBytes;
        if (answer.done && this.from === answer.allBytes) {
          this.machine.forget.push(this.id);
          return answer;
        }
      }
    } catch (error) {
      await this.end();
      throw error;
    }
  }

  /** Asks until there is an answer. Nothing of it is lost with one that does not come. */
  private async next(): Promise<Answer> {
    const { clock } = this.machine;
    const deadline = clock.now() + SILENCE_MS;
    for (let tries = 1; ; tries++) {
      try {
        const answer = await this.ask();
        this.started = true;
        return answer;
      } catch (error) {
        if (this.options.signal?.aborted) { throw interrupted(error); }
        const mayPass = GoldenError.is(error) && (error.code === 'connection-lost' || (error.code === 'piece-lost' && tries < TRIES));
        if (!mayPass || clock.now() > deadline) { throw error; }
      }
    }
  }

  private async ask(): Promise<Answer> {
    const { runCommand, staging, forget } = this.machine;
    const forgotten = forget.splice(0, 50);
    const place = this.known - this.from > INLINE_BYTES ? await staging.expect() : undefined;
    try {
      const text = this.text({ forget: forgotten.join(' '), put: place?.url ?? '' });
      const said = await runCommand.run(text, { seconds: WAIT_SECONDS + (place ? SEND_SECONDS : SAY_SECONDS), signal: this.options.signal });
      forgotten.length = 0;
      return await this.read(said, place);
    } finally {
      forget.push(...forgotten);
      await place?.remove().catch(() => undefined);
    }
  }

  private text(variables: { readonly [name: string]: string }): string {
    const { mark, command, script, input, stderr, least } = this.options;
    const start = {
      mark,
      command,
      stderr: stderr ? '-' : '/dev/null',
      script: script?.url ?? '',
      scriptdigest: script?.sha256 ?? '',
      get: input?.file.url ?? '',
      digest: input?.file.sha256 ?? '',
      to: input ? input.path ?? '-' : '',
      supervisor: SUPERVISOR_TEXT,
    };
    const follow = { ...variables, id: this.id, from: String(this.from), wait: String(WAIT_SECONDS), least: String(least) };
    return `${assignments(this.started ? follow : { ...follow, ...start })}\n${this.started ? FOLLOW_TEXT : START_TEXT}`;
  }

  private async read(said: string, place: ExpectedFile | undefined): Promise<Answer> {
    const { fields, body } = parseAnswer(this.id, said);
    const [state, code, stdoutBytes, allBytes, , length, encoding, size, digest] = fields;
    const data = await decode(encoding, body, async () => {
      const sent = place ? await buffer(await place.read()) : Buffer.alloc(0);
      if (sent.length !== Number(size) || sha256(sent) !== digest) { throw pieceLost('What was staged is not what the machine sent'); }
      return sent;
    });
    if (data.length !== Number(length)) { throw pieceLost('What the machine sent is not whole'); }
    return { done: state === 'done', exitCode: Number(code), stdoutBytes: Number(stdoutBytes), allBytes: Number(allBytes), data };
  }

  /** Where the machine cannot be reached, it does what it does. */
  private async end(): Promise<void> {
    const text = `${assignments({ id: this.id, forget: '' })}\n${END_TEXT}`;
    const signal = AbortSignal.timeout(END_SECONDS * 1000);
    await this.machine.runCommand.run(text, { seconds: END_SECONDS, signal, urgent: true }).catch(() => undefined);
  }
}

async function decode(encoding: string, body: string, staged: () => Promise<Buffer>): Promise<Buffer> {
  switch (encoding) {
    case 'raw': return Buffer.from(body, 'base64');
    case 'gzip': return gunzipSync(Buffer.from(body, 'base64'));
    case 'put': return gunzipSync(await staged());
    default: return Buffer.alloc(0);
  }
}

function assignments(variables: { readonly [name: string]: string }): string {
  return Object.entries(variables).map(([name, value]) => `${name}=${quote(value)}`).join('\n');
}

function sha256(data: Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}
