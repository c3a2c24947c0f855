import type { Readable } from 'stream';

/** A place that the engine and a machine both reach over HTTPS, for what is too big for a command. Only URLs give access to it. */
export interface Staging {
  /** Takes content, and says where it can be fetched for an hour. */
  offer(content: Readable, options?: { readonly signal?: AbortSignal }): Promise<StagedFile>;
  /** A place that one file of any size below 5 GiB can be sent to with one PUT, for an hour. */
  expect(): Promise<ExpectedFile>;
}

export interface StagedFile {
  readonly url: string;
  readonly bytes: number;
  readonly sha256: string;
  remove(): Promise<void>;
}

export interface ExpectedFile {
  readonly url: string;
  /** Reads what has arrived. */
  read(): Promise<Readable>;
  remove(): Promise<void>;
}
