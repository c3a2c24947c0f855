import type { Clock } from '../ports/clock';
import type { CommunicatorFactory } from '../ports/communicator';
import type { Host } from '../ports/host';

/** The world around the command, as far as it touches it. Tests give another one. */
export interface Surroundings {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** Set off by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly hosts: HostFactory;
}

export interface Output {
  write(text: string): void;
  /** Absent: not a terminal. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

/** A host with the communicators that reach its machines. Made when a command needs it: its modules are not loaded before. */
export type HostFactory = (options: HostOptions) => Promise<WiredHost>;

export interface HostOptions {
  readonly kind: string;
  readonly stateFolder: string;
  readonly outputFolder: string;
  /** Machines reach the loopback of this machine. */
  readonly allowHostLoopback: boolean;
}

export interface WiredHost {
  readonly host: Host;
  /** For each build anew: a factory may hold keys that only one machine should know. */
  communicators(): { readonly provision: CommunicatorFactory; readonly bootTest: CommunicatorFactory };
}
