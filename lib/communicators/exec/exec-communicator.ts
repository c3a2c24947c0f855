import { randomBytes } from 'crypto';
import { PassThrough, type Readable } from 'stream';
import { inTerminal, resizeTerminal } from './terminal-script';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { AttachOptions, Attachment } from '../../ports/attachment';
import type { Communicator, CommunicatorFactory, ConnectOptions, ExecuteOptions, ExecuteResult, StreamOptions } from '../../ports/communicator';
import type { Machine } from '../../ports/host';
import { keepAwake, killGroup, run, start } from '../../process';

/** What a command finds on the machine; nothing of the environment that we run in. */
const ENVIRONMENT = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', HOME: '/root', LANG: 'C.UTF-8' };
const EXECUTE_MS = 60_000;
const POLL_MS = 20;
/** Who entered a machine in the moment of its end may never hear of it. */
const TRY_MS = 3_000;
/** How long after a command was killed the machine may take until it is seen to be gone. */
const GRACE_MS = 250;
const KILLED = 137;

type Child = ReturnType<typeof start>;

/** Runs commands in the namespaces of a machine on this host. */
class ExecCommunicator implements Communicator {
  readonly kind = 'exec';
  private readonly children = new Set<Child>();

  constructor(private readonly machine: Machine) {}

  async connect({ first = 'true', ...options }: ConnectOptions): Promise<Buffer> {
    const deadline = Date.now() + options.timeoutMs;
    for (;;) {
      // A machine that has gone is not even tried, so nobody else would notice.
      if (options.signal?.aborted) { throw new GoldenError('interrupted', 'Interrupted while the machine was waited for', { kind: 'interrupted' }); }
      const answer = await this.execute(first, { timeoutMs: Math.max(1, Math.min(TRY_MS, deadline - Date.now())), signal: options.signal })
        .catch((error) => { if (isPassing(error)) { return undefined; } throw error; });
      if (answer?.exitCode === 0) { return answer.stdout; }
      if (Date.now() > deadline) {
        throw new GoldenError('timed-out', `The machine does not take commands after ${options.timeoutMs / 1000} s (${this.machine.description})`);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async execute(command: string, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    const enter = await this.enter();
    const result = await run([...enter, '/bin/sh', '-c', command], {
      env: ENVIRONMENT, stdin: options.stdin, timeoutMs: options.timeoutMs ?? EXECUTE_MS, signal: options.signal, onStart: keepAwake,
    });
    await this.assertStillThere(enter, result.exitCode);
    return result;
  }

  async upload(content: Readable, path: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const draft = `${path}.${randomBytes(6).toString('hex')}`;
    const enter = await this.enter();
    const command = `umask 077 && cat > ${quote(draft)} && mv -fT -- ${quote(draft)} ${quote(path)}`;
    try {
      const result = await run([...enter, '/bin/sh', '-c', command], { env: ENVIRONMENT, stdin: content, signal: options.signal, onStart: keepAwake });
      await this.assertStillThere(enter, result.exitCode);
      if (result.exitCode !== 0) { throw new GoldenError('upload-failed', `${path} could not be written on the machine: ${text(result.stderr)}`); }
    } catch (error) {
      await this.execute(`rm -f -- ${quote(draft)}`).catch(() => { /* the first error says more */ });
      throw error;
    }
  }

  async download(path: string): Promise<Readable> {
    const enter = await this.enter();
    const child = this.begin([...enter, '/bin/sh', '-c', `exec cat < ${quote(path)}`]);
    const content = new PassThrough();
    const errors: Buffer[] = [];
    child.stderr!.on('data', (data: Buffer) => errors.push(data));
    child.stdout!.pipe(content, { end: false });
    content.once('close', () => killGroup(child));
    this.exitCode(child)
      .then(async (exitCode) => {
        await this.assertStillThere(enter, exitCode);
        if (exitCode !== 0) { throw new GoldenError('download-failed', `${path} could not be read on the machine: ${text(Buffer.concat(errors))}`); }
        content.end();
      })
      .catch((error: Error) => content.destroy(error));
    return content;
  }

  async stream(command: string, onData: (data: Buffer) => void | Promise<void>, options: StreamOptions = {}): Promise<number> {
    const enter = await this.enter();
    const child = this.begin([...enter, '/bin/sh', '-c', command], options.stdin);
    const ended = this.exitCode(child);
    let abort = () => { /* set below */ };
    const aborted = new Promise<never>((_, reject) => {
      abort = () => {
        killGroup(child);
        // Whoever stands still takes no signal, and keeps its end of the stream.
        child.stdout!.destroy();
        reject(new GoldenError('interrupted', 'The command was interrupted', { kind: 'interrupted' }));
      };
    });
    aborted.catch(() => undefined);
    options.signal?.addEventListener('abort', abort, { once: true });
    if (options.signal?.aborted) { abort(); }
    const readAll = async () => {
      child.stderr!.resume();
      for await (const data of child.stdout!) { await onData(data as Buffer); }
      return ended;
    };
    try {
      const exitCode = await Promise.race([readAll(), aborted]);
      await this.assertStillThere(enter, exitCode);
      return exitCode;
    } finally {
      options.signal?.removeEventListener('abort', abort);
      killGroup(child);
    }
  }

  async attach(command: string, { terminal }: AttachOptions = {}): Promise<Attachment> {
    const enter = await this.enter();
    const mark = `/run/golden-terminal-${randomBytes(6).toString('hex')}`;
    const child = this.begin([...enter, '/bin/sh', '-c', terminal ? inTerminal(command, terminal, mark) : command], 'open');
    const ended = this.exitCode(child).then(async (exitCode) => {
      await this.assertStillThere(enter, exitCode);
      return exitCode;
    });
    ended.catch(() => { /* whoever waits for it is told */ });
    return {
      stdin: child.stdin!,
      stdout: child.stdout!,
      stderr: child.stderr!,
      ended,
      resize: (size) => { if (terminal) { this.execute(resizeTerminal(size, mark)).catch(() => undefined); } },
      end: async () => { killGroup(child); },
    };
  }

  async close(): Promise<void> {
    this.children.forEach((child) => killGroup(child));
  }

  /** Starts a command that may go on for long, and that `close` ends. */
  private begin(argv: readonly string[], stdin: Buffer | 'empty' | 'open' = 'empty'): Child {
    const child = start(argv, { env: ENVIRONMENT, detached: true });
    this.children.add(child);
    keepAwake(child);
    child.stdin!.on('error', () => { /* it ended without reading */ });
    if (stdin !== 'open') { child.stdin!.end(stdin === 'empty' ? undefined : stdin); }
    return child;
  }

  private exitCode(child: Child): Promise<number> {
    const ended = new Promise<number>((resolve, reject) => {
      child.once('error', (error) => reject(lost(error)));
      child.once('close', (code) => resolve(code ?? KILLED));
    }).finally(() => this.children.delete(child));
    // Who asks for it later is told then.
    ended.catch(() => undefined);
    return ended;
  }

  private async enter(): Promise<readonly string[]> {
    const { enter } = this.machine.access;
    if (!enter) { throw new GoldenError('no-way-in', `${this.machine.description} cannot be entered from this host`, { kind: 'internal' }); }
    return enter().catch((error: unknown) => { throw lost(error); });
  }

  /**
   * Tells what a command said from what its machine's end said: a failure counts as the command's own only while the machine
   * it was started in is still the one to enter.
   */
  private async assertStillThere(entered: readonly string[], exitCode: number): Promise<void> {
    if (exitCode === 0) { return; }
    const deadline = Date.now() + (exitCode === KILLED ? GRACE_MS : 0);
    for (;;) {
      const now = await this.enter();
      if (now.join(' ') !== entered.join(' ')) { throw lost(); }
      if (Date.now() >= deadline) { return; }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }
}

/** Enters machines that run on this host. */
export const execCommunicators: CommunicatorFactory = {
  kind: 'exec',
  requirements: {},
  open: (machine) => new ExecCommunicator(machine),
};

function lost(cause?: unknown): GoldenError {
  return new GoldenError('connection-lost', `The machine went away${cause instanceof Error ? `: ${cause.message}` : ''}`, { cause });
}

/** What may be over at the next try. */
function isPassing(error: unknown): boolean {
  return GoldenError.is(error) && ['connection-lost', 'timed-out'].includes(error.code);
}

function text(stderr: Buffer): string {
  return stderr.toString().trim() || 'no reason given';
}
