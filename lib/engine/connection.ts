import type { Readable } from 'stream';
import { GoldenError } from '../errors';
import type { Clock } from '../ports/clock';
import type { Communicator, ExecuteOptions, ExecuteResult } from '../ports/communicator';
import type { EventSink } from '../ports/events';
import type { Machine } from '../ports/host';

/** How long a machine may stay out of reach before the build gives it up. */
const RECONNECT_MS = 300_000;

/** How often an act is tried again where the connection breaks under it each time. */
const TRIES = 5;

export interface ConnectionOptions {
  readonly clock: Clock;
  readonly report: EventSink;
  readonly signal: AbortSignal;
}

/** A machine and the way to it, which may break and comes back: a lost connection is an event, not a failure. */
export class Connection {
  constructor(readonly machine: Machine, readonly communicator: Communicator, readonly options: ConnectionOptions) {}

  /** Runs a short command of the engine's own. It may run twice, where the connection broke under it. */
  execute(command: string, options: Omit<ExecuteOptions, 'signal'> = {}): Promise<ExecuteResult> {
    return this.persistently(() => this.communicator.execute(command, { ...options, signal: this.options.signal }));
  }

  /** Runs a short command that has to succeed; `purpose` completes the sentence "The machine could not ...". */
  async demand(purpose: string, command: string, options: Omit<ExecuteOptions, 'signal'> = {}): Promise<Buffer> {
    const { exitCode, stdout, stderr } = await this.execute(command, options);
    if (exitCode === 0) { return stdout; }
    throw commandFailed(purpose, exitCode, stderr);
  }

  /** Writes a file; `content` is asked for again where the connection broke under it. */
  upload(content: () => Readable, path: string): Promise<void> {
    return this.persistently(() => this.communicator.upload(content(), path, { signal: this.options.signal }));
  }

  /** Waits until the machine can be reached again. Throws where it cannot in time. */
  async reconnect(timeoutMs: number = RECONNECT_MS): Promise<void> {
    await this.communicator.connect({ timeoutMs, signal: this.options.signal });
  }

  private async persistently<T>(act: () => Promise<T>): Promise<T> {
    for (let tries = 1; ; tries++) {
      try {
        return await act();
      } catch (error) {
        if (!isConnectionLost(error) || tries === TRIES) { throw error; }
        this.options.report({ type: 'notice', level: 'warning', message: 'The connection to the machine was lost; connecting again' });
        await this.reconnect();
      }
    }
  }
}

/** A command of the engine's own did not succeed; `purpose` completes the sentence "The machine could not ...". */
export function commandFailed(purpose: string, exitCode: number, stderr: Buffer): GoldenError {
  const said = stderr.toString().trim().split('\n').slice(-5).join('\n');
  return new GoldenError('machine-command-failed', `The machine could not ${purpose} (exit code ${exitCode}): ${said}`, {
    hint: /No space left/.test(said) ? 'Its disk is full: give the image a larger rootVolumeSize; on this computer, free some space in the state folder.' : undefined,
  });
}

/** Whether the machine may be well, and only the way to it is not. */
export function isConnectionLost(error: unknown): boolean {
  return GoldenError.is(error) && error.code === 'connection-lost';
}
