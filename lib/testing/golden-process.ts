import { existsSync } from 'fs';
import { join } from 'path';
import { createInterface } from 'readline';
import { formatFault, GoldenError, type FailureKind } from '../errors';
import type { AnsweredError, MachineAnswer, MachineRequest } from '../plan/machine-requests';
import { start } from '../process';

const COMMAND = join(__dirname, '..', '..', 'bin', 'golden.js');

/** How much of what it says for people is kept, for the error where it ends without a word. */
const KEPT_LINES = 20;

type Answer<T extends MachineAnswer['type']> = Extract<MachineAnswer, { readonly type: T }>;
type Unnumbered<T> = T extends unknown ? Omit<T, 'id'> : never;

interface Waiting {
  readonly resolve: (answer: MachineAnswer) => void;
  readonly reject: (error: Error) => void;
}

export interface GoldenProcessOptions {
  /** What follows `golden`. */
  readonly args: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Gets each line that is meant for people. */
  readonly onLine?: (line: string) => void;
}

/**
 * `golden serve`, as long as its machine is needed. It ends when its stdin does, so when this process ends, however that is. While
 * nothing is asked of it, it keeps nobody waiting: a test that forgets it ends all the same.
 */
export class GoldenProcess {
  /** Starts it, and returns when its machine takes requests. */
  static async start(options: GoldenProcessOptions): Promise<GoldenProcess> {
    if (!existsSync(COMMAND)) {
      throw new GoldenError('no-engine', `${COMMAND} does not exist, which builds images`, {
        hint: 'Install the package again. In a checkout of its repository: npx projen bundle:golden.',
      });
    }
    const golden = new GoldenProcess(options);
    await golden.answered(READY);
    return golden;
  }

  private readonly child: ReturnType<typeof start>;
  private readonly waiting = new Map<number, Waiting>();
  private readonly lastLines: string[] = [];
  private readonly closed: Promise<void>;
  private requests = READY;
  private over?: GoldenError;

  private constructor({ args, environment, onLine }: GoldenProcessOptions) {
    this.child = start([process.execPath, COMMAND, ...args], { env: { ...process.env, NODE_NO_WARNINGS: '1', ...environment } });
    const { stdin, stdout, stderr } = this.child;
    stdin!.on('error', () => { /* why it is gone is said by its end */ });
    createInterface({ input: stdout! }).on('line', (line) => this.take(line));
    createInterface({ input: stderr! }).on('line', (line) => {
      this.lastLines.push(line);
      if (this.lastLines.length > KEPT_LINES) { this.lastLines.shift(); }
      onLine?.(line);
    });
    this.child.once('error', (error) => this.end(new GoldenError('start-failed', `golden could not be started: ${error.message}`, { cause: error })));
    this.closed = new Promise((resolve) => this.child.once('close', (code) => {
      this.end(new GoldenError('machine-gone', `The machine is gone: golden ended with exit code ${code}\n${this.lastLines.join('\n')}`));
      resolve();
    }));
  }

  /** Asks for something, and returns the answer. Throws what the machine, or golden, says against it. */
  async ask<T extends 'done' | 'ran'>(request: Unnumbered<MachineRequest>): Promise<Answer<T>> {
    if (this.over) { throw again(this.over); }
    const id = ++this.requests;
    const answer = this.answered(id);
    this.child.stdin!.write(`${JSON.stringify({ ...request, id })}\n`);
    return await answer as Answer<T>;
  }

  /** Lets it remove the machine, and end. May be called twice. */
  async stop(): Promise<void> {
    this.over ??= new GoldenError('machine-stopped', 'The machine was stopped', { kind: 'usage' });
    this.keepWaiting(true);
    this.child.stdin!.end();
    await this.closed;
  }

  private answered(id: number): Promise<MachineAnswer> {
    return new Promise<MachineAnswer>((resolve, reject) => {
      this.waiting.set(id, { resolve, reject });
      this.keepWaiting(true);
    }).finally(() => {
      this.waiting.delete(id);
      this.keepWaiting(this.waiting.size > 0);
    });
  }

  private take(line: string): void {
    const answer = JSON.parse(line) as MachineAnswer;
    const id = answer.type === 'ready' ? READY : answer.id;
    if (id === undefined) {
      this.end(errorOf((answer as Answer<'failed'>).error));
    } else if (answer.type === 'failed') {
      this.waiting.get(id)?.reject(errorOf(answer.error));
    } else {
      this.waiting.get(id)?.resolve(answer);
    }
  }

  /** The first reason says most. */
  private end(reason: GoldenError): void {
    this.over ??= reason;
    this.waiting.forEach(({ reject }) => reject(again(this.over!)));
  }

  /** Whether this process waits for it. */
  private keepWaiting(wait: boolean): void {
    const { child } = this;
    for (const handle of [child, child.stdin, child.stdout, child.stderr]) {
      (handle as unknown as { ref(): void; unref(): void })[wait ? 'ref' : 'unref']();
    }
  }
}

/** The number of the request that nobody has to make. */
const READY = 0;

/** What test runners show is the message alone, so that has all there is to read. Of a failed check a build says how to see the machine: a test has it. */
function errorOf({ code, kind, ...fault }: AnsweredError): GoldenError {
  const path = fault.path !== undefined && fault.message.includes(fault.path) ? undefined : fault.path;
  const hint = kind === 'check' ? undefined : fault.hint;
  return new GoldenError(code, formatFault({ code, ...fault, path, hint }), { kind: kind as FailureKind, path: fault.path });
}

/** With the stack of who is told, so that a test runner shows that line. */
function again({ code, message, kind, path }: GoldenError): GoldenError {
  return new GoldenError(code, message, { kind, path });
}
