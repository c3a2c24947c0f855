import type { Readable } from 'stream';
import type { ProcessStreams } from './console/process-streams';
import type { Plan } from '../plan/model';
import type { Clock } from '../ports/clock';
import type { Communicator, CommunicatorFactory } from '../ports/communicator';
import type { Finding } from '../ports/finding';
import type { DeadBuild, Host, HostContext, ImageView, Machine } from '../ports/host';
import type { StateStore } from '../ports/state';
import type { ValueSource } from '../ports/values';

/** The world around the command, as far as it touches it. Tests give another one. */
export interface Surroundings {
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
  /** Absent: nothing can be read. */
  readonly stdin?: Readable;
  readonly stdout: Output;
  readonly stderr: Output;
  readonly clock: Clock;
  /** Set off by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  /** The terminal of whoever waits, where what is printed does not reach it. Undefined: there is none. */
  readonly terminal?: () => Output | undefined;
  /** What people type, and what machines write as it is. Absent: there is nobody. */
  readonly streams?: ProcessStreams;
  /** Arguments of the process that started this one. */
  readonly callingArguments?: () => Promise<readonly string[]>;
  readonly hosts: HostFactory;
  readonly states: StateFactory;
  /** Looks at what this computer can do for builds on it. */
  readonly examineComputer?: (stateFolder: string) => Promise<readonly Finding[]>;
  /** Which account the credentials are of, and which region they are used in. */
  readonly callersPlace?: (options: PlaceOptions) => Promise<CallersPlace>;
}

export interface PlaceOptions extends AccountOptions {
  readonly clock: Clock;
  /** How long the account is waited for. @default until it is known that it cannot be known */
  readonly patienceMs?: number;
}

/** What an app is told of where it is deployed, as far as it is known. */
export interface CallersPlace {
  readonly account?: string;
  readonly region?: string;
}

export interface Output {
  write(text: string): void;
  /** Where much of what was written is not read yet: resolves when it is, or never will be. */
  caughtUp?(): Promise<void> | undefined;
  /** Absent: not a terminal. */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

/** A host with the communicators that reach its machines. Made when a command needs it: its modules are not loaded before. */
export type HostFactory = (options: HostOptions) => Promise<WiredHost>;

/** Opens what keeps the records and locks of builds. */
export type StateFactory = (options: StateOptions) => Promise<StateStore>;

/** How an account is reached; of no meaning to hosts without one. */
export interface AccountOptions {
  /** @default that of each plan, else that of the environment */
  readonly region?: string;
  /** Profile of the AWS configuration. @default that of the environment */
  readonly profile?: string;
  /** Role that is assumed, and assumed anew before its credentials end. @default none */
  readonly roleArn?: string;
}

export interface HostOptions extends AccountOptions {
  readonly kind: string;
  readonly stateFolder: string;
  readonly outputFolder: string;
  /** Machines reach the loopback of this machine. */
  readonly allowHostLoopback: boolean;
  /** Bucket for what is too big for a command. @default one that is made when it is needed */
  readonly stagingBucket?: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly clock: Clock;
}

export interface StateOptions extends AccountOptions {
  /** `s3://bucket/prefix`. Absent: the state folder. */
  readonly location?: string;
  readonly stateFolder: string;
  readonly clock: Clock;
}

export interface WiredHost {
  readonly host: Host;
  /** For each build anew: a factory may hold keys that only one machine should know. */
  communicators(plan: Plan, planFile: string): Promise<{ readonly provision: CommunicatorFactory; readonly bootTest: CommunicatorFactory }>;
  /** Reads what a plan refers to in the account. Absent: there is no account. */
  values?(plan: Plan): Promise<ValueSource>;
  /** The machine of a build whose process is gone, where that still runs and can be reached. */
  machineOf?(build: DeadBuild): Promise<{ readonly machine: Machine; readonly communicator: Communicator } | undefined>;
  /** Starts a machine to look into an image. Absent: the host has no quick way to one. */
  show?(
    view: ImageView, context: HostContext,
  ): Promise<{ readonly machine: Machine; readonly description: string; readonly communicator: Communicator }>;
  /** Has a parameter that is there name an image. Returns a line where it did not. Absent: there is no account. */
  alias?(plan: Plan, name: string, imageId: string): Promise<readonly string[]>;
}
