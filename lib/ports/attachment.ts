import type { Readable, Writable } from 'stream';

/** A command on a machine whose streams are somebody's own, for as long as it runs. */
export interface Attachment {
  readonly stdin: Writable;
  readonly stdout: Readable;
  /** Has nothing where the command has a terminal. */
  readonly stderr: Readable;
  /** The exit code, when all that it wrote has been read. Rejects with `connection-lost`. */
  readonly ended: Promise<number>;
  /** Tells the command that its terminal has another size. Of no meaning without one. */
  resize(size: TerminalSize): void;
  /** Ends the command with what it started. May be called twice. */
  end(): Promise<void>;
}

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** A terminal as the machine is to see it. */
export interface Terminal extends TerminalSize {
  /** What it understands: the value of TERM. */
  readonly type: string;
}

export interface AttachOptions {
  /** Gives the command a terminal of the machine's own. @default it has none */
  readonly terminal?: Terminal;
}

/** A way for people into a machine. */
export interface Entrance {
  /** Runs a command as root, in a POSIX shell, with streams both ways. */
  attach(command: string, options?: EntranceOptions): Promise<Attachment>;
}

export interface EntranceOptions extends AttachOptions {
  /** It only reads what is there. @default false */
  readonly readsOnly?: boolean;
  /** Whoever asks for it knows that the image of the build is not published then. @default false */
  readonly unpublished?: boolean;
}
