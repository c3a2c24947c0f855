import { randomBytes } from 'crypto';
import { PassThrough, Readable } from 'stream';
import { LEAVE_TEXT } from './leave-script';
import { RunCommand } from './run-command';
import { downloadFailed, sendFile } from './send-file';
import { startInTerminal } from './session-terminal';
import { interrupted, type SsmApi } from './ssm-api';
import { Task, type TaskEnd, type TaskMachine, type TaskOptions } from './task';
import { attachTask, type TaskRunner } from './task-attachment';
import { PROBE_TEXT, THERE } from './task-script';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { AttachOptions, Attachment } from '../../ports/attachment';
import type { Clock } from '../../ports/clock';
import type { CloudAccess } from '../../ports/cloud-access';
import type { Communicator, ConnectOptions, ExecuteOptions, ExecuteResult, StreamOptions } from '../../ports/communicator';
import type { Machine } from '../../ports/host';
import type { StagedFile, Staging } from '../../ports/staging';

const EXECUTE_MS = 60_000;
const PAUSE_MS = 500;
/** What a machine is asked while it may not be there yet. */
const PROBE_SECONDS = 5;
const LEAVE_SECONDS = 30;
/** Longer commands are brought like files: Run Command takes some kilobytes, and ours has company. */
const LONGEST_COMMAND = 2_000;
/** An execution tells of itself when it is over, or holds this many bytes. */
const LEAST_OF_MANY = 16 << 20;
/** Larger files are sent as they are, smaller ones come with the answer, or in a few. */
const LARGE_FILE = 1 << 20;

export interface SsmCommunicatorOptions {
  readonly machine: Machine;
  readonly instanceId: string;
  readonly api: SsmApi;
  readonly access: CloudAccess;
  readonly staging: Staging;
  readonly clock: Clock;
}

/** Runs commands and moves files by SSM Run Command: no port is open, and nobody logs in. */
export class SsmCommunicator implements Communicator {
  readonly kind = 'ssm';
  private readonly runCommand: RunCommand;
  private readonly tasks: TaskMachine;
  /** Ends what runs when it is closed. */
  private readonly closing = new AbortController();
  private readonly running = new Set<Promise<unknown>>();
  /** Another for each time that it connects. */
  private mark = '';

  constructor(private readonly options: SsmCommunicatorOptions) {
    const { api, instanceId, clock, staging } = options;
    this.runCommand = new RunCommand(api, instanceId, clock);
    this.tasks = { runCommand: this.runCommand, staging, clock, forget: [] };
  }

  async connect({ timeoutMs, signal, first = 'true' }: ConnectOptions): Promise<Buffer> {
    const { machine, clock } = this.options;
    const over = new AbortController();
    const lost = machine.lost.then((reason) => { throw new GoldenError('machine-lost', reason); });
    lost.catch(() => undefined);
    const limit = clock.sleep(timeoutMs, over.signal).then(() => 'late' as const, () => 'late' as const);
    const until = AbortSignal.any([over.signal, ...signal ? [signal] : []]);
    let reason: GoldenError | undefined;
    const mark = `up.${randomBytes(6).toString('hex')}`;
    try {
      for (;;) {
        const found = await Promise.race([this.probe(mark, first, until), lost, limit]);
        if (found === 'late') { throw tooLate(machine, timeoutMs, reason); }
        if (Buffer.isBuffer(found)) { this.mark = mark; return found; }
        reason = found;
        await Promise.race([clock.sleep(PAUSE_MS, until), lost, limit]);
      }
    } finally {
      over.abort();
    }
  }

  async execute(command: string, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    const pieces: Buffer[] = [];
    const timeoutMs = options.timeoutMs ?? EXECUTE_MS;
    const input = options.stdin?.length ? Readable.from([Buffer.from(options.stdin)]) : undefined;
    const end = await this.run({
      command, input, stderr: true, least: LEAST_OF_MANY, timeoutMs, signal: options.signal, onData: (data) => { pieces.push(data); },
    });
    const written = Buffer.concat(pieces);
    return { exitCode: end.exitCode, stdout: written.subarray(0, end.stdoutBytes), stderr: written.subarray(end.stdoutBytes) };
  }

  async upload(content: Readable, path: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    const said: Buffer[] = [];
    const draft = `${path}.golden-${randomBytes(6).toString('hex')}`;
    const command = `mv -fT -- ${quote(draft)} ${quote(path)} || { rm -f -- ${quote(draft)}; exit 1; }`;
    try {
      const { exitCode } = await this.run({
        command, input: content, path: draft, stderr: true, least: LEAST_OF_MANY, signal: options.signal, onData: (data) => { said.push(data); },
      });
      if (exitCode !== 0) { throw new GoldenError('task-failed', Buffer.concat(said).toString().trim()); }
    } catch (error) {
      if (!GoldenError.is(error) || error.code !== 'task-failed') { throw error; }
      throw new GoldenError('upload-failed', `${path} could not be written on the machine: ${error.message}`, { hint: error.hint, cause: error });
    }
  }

  async download(path: string): Promise<Readable> {
    const file = quote(path);
    const { exitCode, stdout, stderr } = await this.execute(`if [ -f ${file} ]; then stat -L -c %s -- ${file}; else : <${file}; echo 0; fi`);
    if (exitCode !== 0) { throw downloadFailed(path, stderr.toString().trim()); }
    const bytes = Number(stdout);
    if (bytes > LARGE_FILE) { return sendFile(this.tasks, path, bytes); }
    const content = new PassThrough();
    const off = new AbortController();
    content.once('close', () => off.abort());
    const onData = (data: Buffer) => (content.write(data) ? undefined : new Promise<void>((resolve) => content.once('drain', resolve).once('close', resolve)));
    this.run({ command: `exec cat <${file}`, stderr: false, least: 1, signal: off.signal, onData })
      .then((end) => { if (end.exitCode === 0) { content.end(); } else { content.destroy(downloadFailed(path, `exit code ${end.exitCode}`)); } })
      .catch((error: Error) => content.destroy(error));
    return content;
  }

  async stream(command: string, onData: (data: Buffer) => void | Promise<void>, { stdin, signal }: StreamOptions = {}): Promise<number> {
    const input = stdin?.length ? Readable.from([stdin]) : undefined;
    const { exitCode } = await this.run({ command, input, stderr: false, least: 1, signal, onData });
    return exitCode;
  }

  async attach(command: string, { terminal }: AttachOptions = {}): Promise<Attachment> {
    if (terminal) { return startInTerminal(this.options, command, terminal); }
    const run: TaskRunner['run'] = async (text, options) => (await this.run({ ...options, command: text, stderr: false, least: 1 })).exitCode;
    return attachTask({ run, execute: (text) => this.execute(text) }, command);
  }

  async leave(): Promise<void> {
    const said = await this.runCommand.run(LEAVE_TEXT, { seconds: LEAVE_SECONDS });
    if (!said.includes('golden leaves')) {
      throw new GoldenError('leave-failed', `The machine could not see to it that the traces of the SSM agent are removed: ${said.trim().slice(-500)}`);
    }
  }

  async close(): Promise<void> {
    this.closing.abort();
    await Promise.allSettled(this.running);
    this.options.api.close();
  }

  /** What the command wrote, or what keeps the machine from taking it. */
  private async probe(mark: string, command: string, signal: AbortSignal): Promise<Buffer | GoldenError> {
    try {
      const said = await this.runCommand.run(`mark=${mark}\n${PROBE_TEXT}\n${command}`, { seconds: PROBE_SECONDS, signal, unknownMs: 0 });
      const at = said.indexOf(THERE);
      if (at >= 0) { return Buffer.from(said.slice(at + THERE.length).replace(/^\n/, '')); }
      return new GoldenError('connection-lost', `a command was answered with ${JSON.stringify(said.slice(0, 200))}`);
    } catch (error) {
      if (signal.aborted) { throw interrupted(error); }
      if (GoldenError.is(error) && error.code === 'connection-lost') { return error; }
      throw error;
    }
  }

  private run(options: RunTaskOptions): Promise<TaskEnd> {
    const running = this.runTask(options);
    this.running.add(running);
    const over = () => { this.running.delete(running); };
    running.then(over, over);
    return running;
  }

  /** Whatever goes with the command is staged first, and removed when the command has ended. */
  private async runTask({ input, path, command, timeoutMs, signal, ...options }: RunTaskOptions): Promise<TaskEnd> {
    const { staging } = this.options;
    const limit = timeoutMs === undefined ? undefined : AbortSignal.timeout(timeoutMs);
    const until = AbortSignal.any([this.closing.signal, ...signal ? [signal] : [], ...limit ? [limit] : []]);
    const staged: StagedFile[] = [];
    const stage = async (content: Readable) => {
      const file = await staging.offer(content, { signal: until });
      staged.push(file);
      return file;
    };
    try {
      const script = command.length > LONGEST_COMMAND ? await stage(Readable.from([Buffer.from(command)])) : undefined;
      const file = input && await stage(input);
      return await new Task(this.tasks, { ...options, mark: this.mark, command: script ? '' : command, script, input: file && { file, path }, signal: until }).run();
    } catch (error) {
      if (signal?.aborted || this.closing.signal.aborted) { throw interrupted(error); }
      if (limit?.aborted) { throw new GoldenError('timed-out', `A command on the machine took longer than ${timeoutMs! / 1000} s`, { cause: error }); }
      throw lostIfGone(error);
    } finally {
      await Promise.all(staged.map((file) => file.remove().catch(() => undefined)));
    }
  }
}

function tooLate(machine: Machine, timeoutMs: number, reason: GoldenError | undefined): GoldenError {
  const message = `${machine.description} took no commands within ${timeoutMs / 1000} s: ${reason?.message ?? 'it did not answer'}`;
  return new GoldenError('timed-out', message, { hint: reason?.hint, cause: reason });
}

interface RunTaskOptions extends Omit<TaskOptions, 'script' | 'input' | 'mark'> {
  readonly input?: Readable;
  /** Where the input goes. @default stdin */
  readonly path?: string;
  readonly timeoutMs?: number;
}

/** A task that is not there, or whose output does not arrive, is a connection that does not hold. */
function lostIfGone(error: unknown): unknown {
  if (!GoldenError.is(error) || !['task-gone', 'piece-lost'].includes(error.code)) { return error; }
  return new GoldenError('connection-lost', error.message, { hint: error.hint, cause: error });
}
