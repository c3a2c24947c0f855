/** Where on a machine one build keeps what it needs there. Both folders are removed before the disk is captured. */
export interface MachineFolders {
  /** On disk: bundles, and what is fetched. Others may pass through, since scripts run as their users. */
  readonly payload: string;
  /** Memory-backed, for root only: records, logs, secrets. */
  readonly state: string;
}

/** The folders of a build. */
export function machineFolders(buildId: string): MachineFolders {
  const name = `golden-${buildId}`;
  return { payload: `/var/tmp/${name}`, state: `/run/${name}` };
}

/**
 * Where the runner waits for the engine after an instruction, so that the disk can be saved: `always`, `never`, or when
 * that many seconds have passed since the last checkpoint.
 */
export type Hold = 'always' | 'never' | number;

/** Gives memory of at most that many bytes to read something into. */
export type Allocate = (length: number) => Buffer;

/** A file of a bundle, whose size is known before its content is read. */
export interface BundleFile {
  readonly name: string;
  readonly size: number;
  /** @param allocate where large pieces come to lie; each is asked for when the one before has been taken */
  content(allocate?: Allocate): AsyncIterable<Buffer>;
}

/** One instruction, as the machine executes it without the engine. */
export interface PackedInstruction {
  readonly index: number;
  readonly origin: string;
  /** A function of the runner, and its arguments. */
  readonly call: readonly string[];
  readonly files: readonly BundleFile[];
  /** Sourced only by the process that becomes the instruction; not part of the transfer of the bundle. */
  readonly secretsScript?: string;
  /** The machine may restart, or drop its connections, under it. */
  readonly expectDisconnect: boolean;
}

/** Consecutive instructions that go to the machine in one transfer. */
export interface Bundle {
  /** Its folder on the machine. */
  readonly payload: string;
  /** Folder of its state on the machine. */
  readonly state: string;
  readonly instructions: readonly PackedInstruction[];
  /** Seconds between the last checkpoint and now. */
  readonly sinceCheckpoint: number;
}

/** How a bundle ended. */
export type BundleEnd =
  | { readonly type: 'ok' }
  | { readonly type: 'failed'; readonly index: number; readonly exitCode: number; readonly timedOut: boolean }
  /** The runner ended without a word. */
  | { readonly type: 'gone' }
  /** The machine started anew, and the runner with its state has gone. */
  | { readonly type: 'restarted' };
