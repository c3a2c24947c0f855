import { PassThrough, Writable, type Readable } from 'stream';
import { finished } from 'stream/promises';
import { setTimeout as sleep } from 'timers/promises';
import { collect } from './output';
import { RemoteCommand } from './remote-command';
import type { SshConnection } from './ssh-connection';
import { supervise, type Limits } from './supervision';
import { startInTerminal } from './terminal-command';
import { upload } from './upload';
import { isWide, sendAhead, startWide, type SentInput, type Starter } from './wide-input';
import { GoldenError } from '../../errors';
import { quote } from '../../plan/shell';
import type { AttachOptions, Attachment } from '../../ports/attachment';
import type { Communicator, ConnectOptions, ExecuteOptions, ExecuteResult, StreamOptions } from '../../ports/communicator';
import type { Machine } from '../../ports/host';

const EXECUTE_MS = 60_000;
/** For what is at most a megabyte, over any way. */
const UPLOAD_MS = 300_000;
/** For the login that a command needs after a loss. */
const RECONNECT_MS = 30_000;
const PAUSE_MS = 250;

/** A login that hangs for longer says that the machine booted or went under it. */
const TRY_MS = 20_000;

/** Errors that a machine which is still booting gives, too. */
const MAY_PASS = ['connection-lost', 'login-refused', 'sudo-refused', 'timed-out'];

export interface SshCommunicatorSetting {
  /** Where it is not root, commands run through `sudo -n`. */
  readonly user: string;
  /** Lets go of what lies between here and the machine. */
  readonly close: () => Promise<void>;
}

/** Runs commands and moves files over one SSH connection. */
export class SshCommunicator implements Communicator {
  readonly kind = 'ssh';
  /** What the next command gets as its input, most likely. */
  private expected?: Promise<Buffer | undefined>;
  private sent?: Promise<SentInput | undefined>;

  constructor(private readonly machine: Machine, private readonly connection: SshConnection, private readonly setting: SshCommunicatorSetting) {}

  async connect({ first = 'true', input, ...options }: ConnectOptions): Promise<Buffer> {
    const deadline = Date.now() + options.timeoutMs;
    // A connection from before a restart may look alive for a while.
    await this.connection.drop();
    this.sent = undefined;
    this.expected = input;
    const lost = this.machine.lost.then((reason) => { throw new GoldenError('machine-lost', reason); });
    let reason: GoldenError | undefined;
    for (;;) {
      try {
        const timeoutMs = Math.max(1, Math.min(TRY_MS, deadline - Date.now()));
        return await Promise.race([this.probe(first, { timeoutMs, signal: options.signal }), lost]);
      } catch (error) {
        if (!this.mayPass(error)) { throw error; }
        // A try that the deadline cut off says less than the one before it.
        if (!reason || (error.code !== 'timed-out' && Date.now() < deadline)) { reason = error; }
      }
      if (Date.now() + PAUSE_MS >= deadline) {
        if (reason.code === 'host-key-mismatch') { throw reason; }
        throw new GoldenError('timed-out', `${this.machine.description} took no commands within ${options.timeoutMs / 1000} s: ${reason.message}`, {
          hint: reason.hint, cause: reason,
        });
      }
      await sleep(PAUSE_MS);
    }
  }

  /** A machine may start its server before it has got its keys; once it has proven to be the right one, no other is. */
  private mayPass(error: unknown): error is GoldenError {
    if (!GoldenError.is(error)) { return false; }
    return error.code === 'host-key-mismatch' ? !this.connection.proven : MAY_PASS.includes(error.code);
  }

  async execute(command: string, options: ExecuteOptions = {}): Promise<ExecuteResult> {
    const limits = { timeoutMs: options.timeoutMs ?? EXECUTE_MS, signal: options.signal };
    const remote = await this.startWith(command, options.stdin, limits);
    return supervise(remote, limits, async () => {
      const [stdout, stderr, exitCode] = await Promise.all([collect(remote.stdout), collect(remote.stderr), remote.ended]);
      return { exitCode, stdout, stderr };
    });
  }

  upload(content: Readable, path: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
    return upload({
      start: (command) => this.start(command, options),
      execute: (command, limits) => this.execute(command, { timeoutMs: UPLOAD_MS, ...limits }),
    }, content, path, options.signal);
  }

  async download(path: string): Promise<Readable> {
    const remote = await this.start(`cat < ${quote(path)}`, {});
    remote.stdin.end();
    const content = new PassThrough();
    remote.stdout.pipe(content, { end: false });
    let over = false;
    Promise.all([collect(remote.stderr), remote.ended]).then(([stderr, exitCode]) => {
      over = true;
      if (exitCode === 0) { content.end(); } else { content.destroy(downloadFailed(path, stderr)); }
    }, (error) => {
      over = true;
      content.destroy(error);
    });
    content.once('close', () => { if (!over) { void remote.kill(); } });
    return content;
  }

  async stream(command: string, onData: (data: Buffer) => void | Promise<void>, { stdin, ...options }: StreamOptions = {}): Promise<number> {
    const remote = await this.startWith(command, stdin, options);
    remote.stderr.resume();
    const sink = new Writable({
      write: (data: Buffer, _encoding, done) => { Promise.resolve(data).then(onData).then(() => done(), done); },
    });
    return supervise(remote, options, async () => {
      const [exitCode] = await Promise.all([remote.ended, finished(remote.stdout.pipe(sink))]);
      return exitCode;
    });
  }

  async attach(command: string, { terminal }: AttachOptions = {}): Promise<Attachment> {
    if (terminal) { return startInTerminal(this.connection, command, this.setting.user, terminal); }
    const remote = await this.start(command, {});
    const { stdin, stdout, stderr, ended } = remote;
    return { stdin, stdout, stderr, ended, resize: () => { /* it has no terminal */ }, end: () => remote.kill() };
  }

  async close(): Promise<void> {
    await this.connection.close();
    await this.setting.close();
  }

  /** @param user who it is started by: root needs no sudo */
  private start(command: string, options: Limits, user = this.setting.user): Promise<RemoteCommand> {
    const timeoutMs = Math.min(options.timeoutMs ?? RECONNECT_MS, RECONNECT_MS);
    return RemoteCommand.start(this.connection, command, { user, timeoutMs, signal: options.signal });
  }

  private async startWith(command: string, stdin: Buffer | string | undefined, limits: Limits): Promise<RemoteCommand> {
    if (isWide(stdin)) {
      const sent = await this.takeSent();
      if (sent?.input === stdin && !sent.isLost) {
        const remote = await sent.start(command);
        if (!sent.isLost) { return remote; }
        // It has come over another connection, and would wait for what was lost with the one before.
        await remote.kill();
      }
      sent?.discard().catch(() => undefined);
      const { sessionsAtHand, isFar } = this.connection;
      if (isFar && sessionsAtHand > 1) { return startWide(this.starter(limits), command, bytesOf(stdin), sessionsAtHand); }
    }
    const remote = await this.start(command, limits);
    remote.stdin.end(stdin);
    return remote;
  }

  private starter(limits: Limits): Starter {
    return { asRoot: (command) => this.start(command, limits), asIs: (command) => this.start(command, limits, 'root') };
  }

  /** What was sent ahead, once: whoever asks has another use for the sessions. */
  private async takeSent(): Promise<SentInput | undefined> {
    const { sent } = this;
    this.sent = undefined;
    this.expected = undefined;
    return sent?.catch(() => undefined);
  }

  /** Sends what is expected while the machine answers something else, where that is a long way. */
  private async sendExpected(limits: Limits): Promise<void> {
    const { expected } = this;
    const input = await expected;
    await this.connection.opened();
    const { sessionsAtHand, isFar } = this.connection;
    if (this.expected !== expected || !isWide(input) || !isFar || sessionsAtHand < 1) { return; }
    this.expected = undefined;
    this.sent = sendAhead(this.starter(limits), input, sessionsAtHand);
    await this.sent;
  }

  private async probe(command: string, limits: { readonly timeoutMs: number; readonly signal?: AbortSignal }): Promise<Buffer> {
    // It logs in, and so is on the machine as early as it can be.
    const answer = this.execute(command, limits);
    answer.catch(() => undefined);
    await this.connection.ready(limits);
    // What cannot be sent now is sent with its command.
    if (this.expected) { this.sendExpected(limits).catch(() => undefined); }
    const { exitCode, stdout, stderr } = await answer;
    if (exitCode !== 0) {
      throw new GoldenError('sudo-refused', `The user ${this.setting.user} cannot run commands as root: ${stderr.toString().trim()}`, {
        hint: 'Let the login user run sudo without a password.',
      });
    }
    return stdout;
  }
}

/** Megabytes are not copied. */
function bytesOf(input: Buffer | string): Buffer {
  return typeof input === 'string' ? Buffer.from(input) : input;
}

function downloadFailed(path: string, stderr: Buffer): GoldenError {
  return new GoldenError('download-failed', `${path} could not be read on the machine: ${stderr.toString().trim()}`);
}
