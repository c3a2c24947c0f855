import type { Readable } from 'stream';
import type { AttachOptions, Attachment } from './attachment';
import type { Machine } from './host';
import type { LaunchRequirements } from './launch-requirements';

/** How bytes reach a machine. Commands run as root, in a POSIX shell, with the machine's own default environment. */
export interface Communicator {
  readonly kind: 'exec' | 'ssh' | 'ssm';

  /** Waits until the machine takes commands, and returns what the first of them wrote to stdout. Throws when the deadline passes. */
  connect(options: ConnectOptions): Promise<Buffer>;

  /**
   * Runs a short command and returns what it wrote. For the engine's own work; users' scripts go through the runner.
   * An exit code is a result. Throws a GoldenError with the code `connection-lost` where the machine did not answer.
   */
  execute(command: string, options?: ExecuteOptions): Promise<ExecuteResult>;

  /** Writes a stream to a file on the machine, with mode 0600; the folder must exist. Replaces the file in one act. */
  upload(content: Readable, path: string, options?: { readonly signal?: AbortSignal }): Promise<void>;

  /** Reads a file of the machine. The stream ends with an error where the file cannot be read whole. */
  download(path: string): Promise<Readable>;

  /**
   * Runs a command that may go on for hours, and hands over what it writes to stdout as it comes, byte for byte.
   * Resolves with the exit code; throws `connection-lost` where the connection ended first. May be called again, to go on.
   */
  stream(command: string, onData: (data: Buffer) => void | Promise<void>, options?: StreamOptions): Promise<number>;

  /** Runs a command for a person: with streams both ways, and a terminal where that is wanted. */
  attach(command: string, options?: AttachOptions): Promise<Attachment>;

  /**
   * Sees to it that nothing of the communicator itself remains on the disk once the machine is stopped. The last thing that is
   * asked of the machine. Absent: it leaves nothing there.
   */
  leave?(): Promise<void>;

  /** Drops connections and whatever was opened for them. May be called twice. */
  close(): Promise<void>;
}

export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** A command that the machine shows itself with: it takes a few seconds at most, succeeds, and may run twice. @default true */
  readonly first?: string;
  /** What a command gets as its input soon, most likely: on a long way it may be sent while the machine answers. @default nothing */
  readonly input?: Promise<Buffer | undefined>;
}

export interface ExecuteOptions {
  readonly stdin?: Buffer | string;
  /** @default 60000 */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface StreamOptions {
  readonly stdin?: Buffer;
  readonly signal?: AbortSignal;
}

export interface ExecuteResult {
  readonly exitCode: number;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
}

/** Makes the communicator of one kind, and says what it wants of a launch. */
export interface CommunicatorFactory {
  readonly kind: Communicator['kind'];
  readonly requirements: LaunchRequirements;
  open(machine: Machine): Communicator;
}
