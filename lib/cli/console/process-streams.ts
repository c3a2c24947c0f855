import type { Readable, Writable } from 'stream';

/** The streams of the process as they are, for what people type and what machines write. */
export interface ProcessStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & TerminalStream;
  readonly stderr: Writable & TerminalStream;
}

interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}
