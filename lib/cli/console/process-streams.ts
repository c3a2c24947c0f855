import { once } from 'events';
import type { Readable, Writable } from 'stream';
import { start } from '../../process';

/** The streams of the process as they are, for what people type and what machines write. */
export interface ProcessStreams {
  readonly stdin: Readable & { readonly isTTY?: boolean; setRawMode?(raw: boolean): unknown };
  readonly stdout: Writable & TerminalStream;
  readonly stderr: Writable & TerminalStream;
  /** Has the terminal, which is raw, change nothing of what is written either, until it is no longer raw. @default it ends lines with its own carriage returns */
  passOutput?(): Promise<void>;
}

interface TerminalStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  readonly rows?: number;
}

/** Those of this process; stdin is opened by who reads it. */
export function ownStreams(): ProcessStreams {
  return {
    get stdin() { return process.stdin; },
    stdout: process.stdout,
    stderr: process.stderr,
    // Node has no call for it.
    passOutput: async () => { await once(start(['stty', '-opost'], { stdio: ['inherit', 'ignore', 'ignore'] }), 'close').catch(() => undefined); },
  };
}
