import type { IncomingMessage } from 'http';
import type { Duplex } from 'stream';
import type { CloudMachine } from '../machines/machine-provider';

/**
 * Run Command and Session Manager of the emulated cloud. The server has decoded and logged each call, applied faults,
 * throttling and policies, before it gets here.
 */
export interface SsmService {
  /** Names of the actions that it answers: `SendCommand`, `GetCommandInvocation`, ... */
  readonly actions: ReadonlySet<string>;
  /** Answers a call with the body of its response. Throws `ApiError` (protocol/api-error.ts) for a coded error. */
  handle(call: SsmCall): Promise<object>;
  /** A WebSocket of a session: paths below `/data-channel/`. Answers `false` where it is none of its own. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Forgets every command and session, and ends what runs. */
  reset(): Promise<void>;
}

export interface SsmCall {
  readonly action: string;
  readonly input: { readonly [name: string]: unknown };
  readonly account: string;
  readonly region: string;
}

/** What the service may know of the rest of the cloud. */
export interface SsmSurroundings {
  /** An instance of this account and region, as EC2 has it now. */
  instance(account: string, region: string, instanceId: string): SsmInstance | undefined;
  /** All instances of this account and region that are not terminated. */
  instances(account: string, region: string): readonly SsmInstance[];
  /** Of this server, as machines and the CLI reach it: `localhost:<port>`. */
  readonly endpoint: string;
  now(): number;
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  /** As it is at this moment; tests change it. */
  readonly settings: { readonly ssmOnlineMs: number };
}

export interface SsmInstance {
  readonly id: string;
  readonly state: 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';
  /** Milliseconds since the epoch of its last start. */
  readonly startedAt: number;
  readonly address: string;
  /** It has an instance profile whose role may talk to Systems Manager. */
  readonly managed: boolean;
  /** The image has the agent, or what the image's user-data installs counts as one. */
  readonly hasAgent: boolean;
  /** Absent while it is not running. */
  readonly machine?: CloudMachine;
}

/** Made by `ssm/create-ssm-service.ts`. */
export type CreateSsmService = (surroundings: SsmSurroundings) => SsmService;
