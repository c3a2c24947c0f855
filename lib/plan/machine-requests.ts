import type { Check } from './checks';

/** What may be asked of a machine that `golden serve` holds: one JSON document a line, on its stdin. */
export type MachineRequest =
  | { readonly id: number; readonly type: 'run' } & RunRequest
  /** Absent checks: those of the image. */
  | { readonly id: number; readonly type: 'check'; readonly checks?: readonly Check[] }
  | { readonly id: number; readonly type: 'reboot'; readonly timeoutMs: number };

export interface RunRequest {
  /** For `sh -c`. */
  readonly command: string;
  readonly user: string;
  readonly environment: { readonly [name: string]: string };
  readonly stdin: string;
  readonly timeoutMs: number;
}

/** What it says to that, one JSON document a line, on its stdout; to each request once, in whatever order. */
export type MachineAnswer =
  /** The first: the machine takes requests. */
  | { readonly type: 'ready'; readonly machine: string; readonly definitionHash: string }
  | { readonly type: 'done'; readonly id: number }
  /** What it wrote is in Base64. */
  | { readonly type: 'ran'; readonly id: number; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  /** Without an ID: there is no machine, or no more. */
  | { readonly type: 'failed'; readonly id?: number; readonly error: AnsweredError };

/** The fields of a `GoldenError`. */
export interface AnsweredError {
  readonly code: string;
  readonly kind: string;
  readonly message: string;
  readonly hint?: string;
  readonly path?: string;
}
