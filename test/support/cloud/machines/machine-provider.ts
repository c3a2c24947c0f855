import type { Duplex } from 'stream';

/**
 * The content of a disk at one time. It never changes; whoever launches from it gets a copy-on-write view.
 * Opaque to the cloud, which keeps it with snapshots; a provider finds its own by the ID.
 */
export interface CloudDisk {
  readonly id: string;
}

/** Systems that the cloud has images of when it starts. */
export type CloudSystem = 'debian-12' | 'ubuntu-24.04' | 'ubuntu-16.04' | 'other';

/** Where the machines behind the cloud's instances come from, and where their disks lie. */
export interface MachineProvider {
  /** The disk of a public image. Called when one is launched for the first time; the same disk for each call. */
  baseDisk(system: CloudSystem): Promise<CloudDisk>;
  /** Starts a machine. Resolves when its first process runs, long before its sshd answers. */
  launch(request: CloudMachineRequest): Promise<CloudMachine>;
  /** No snapshot has this disk any more. */
  removeDisk(disk: CloudDisk): Promise<void>;
  /** Ends every machine and removes every disk that was captured. The provider can be used again. */
  reset(): Promise<void>;
  /** As `reset`, and ends the provider. */
  close(): Promise<void>;
}

export interface CloudMachineRequest {
  readonly instanceId: string;
  readonly imageDisk: CloudDisk;
  /** What the caller of RunInstances gave, decoded from base64, as bytes: may be gzip. */
  readonly userData?: Buffer;
  /** OpenSSH public key of the key pair that was named, for the image's login user. */
  readonly publicKey?: string;
  /** Login user of the image: `ubuntu`, `admin`, `ec2-user`. */
  readonly loginUser: string;
  /** 127.x.y.z of its own; the provider listens there on port 22 and leads to the machine's sshd. Kept through stop and start. */
  readonly address: string;
  readonly region: string;
  /** Of the cloud's endpoint, which the machine reaches as `localhost:<port>`. */
  readonly endpointPort: number;
}

/** One machine. Its disk outlives `stop`, not `destroy`. */
export interface CloudMachine {
  /** Runs a script as root with `sh -c`. Absent where machines cannot run anything. */
  exec?(script: string, options?: CloudExecOptions): Promise<CloudExecResult>;
  /** Runs a command with `sh -c` in a terminal, as the user that the agent makes for sessions. Absent where machines cannot run anything. */
  terminal?(command: string): Promise<CloudTerminal>;
  /** Waits until its sshd answers. Absent where there is none. */
  ready?(): Promise<void>;
  /** A TCP connection to a port of the machine. */
  dial(port: number): Promise<Duplex>;
  /** An orderly shutdown, or a pulled plug. Resolves when no process runs. */
  stop(options?: { readonly force?: boolean }): Promise<void>;
  /** After `stop`. */
  start(): Promise<void>;
  reboot(): Promise<void>;
  /** Ends it at once and removes its disk. Safe to call twice, and after it went by itself. */
  destroy(): Promise<void>;
  /** The disk as it is now: of a stopped machine, or of a running one as a power cut would leave it. */
  capture(): Promise<CloudDisk>;
  /** What it wrote to its console. */
  console(): Promise<string>;
  /** Called once for each time that it ends without being asked to: it shut itself down (`poweroff`), or it was lost (`crash`). */
  onGone(listener: (how: 'poweroff' | 'crash') => void): void;
}

export interface CloudTerminal {
  /** What is typed, and what is shown. It ends with the command. */
  readonly stream: Duplex;
  resize(size: { readonly columns: number; readonly rows: number }): void;
}

export interface CloudExecOptions {
  readonly onStdout?: (chunk: Buffer) => void;
  readonly onStderr?: (chunk: Buffer) => void;
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

export interface CloudExecResult {
  /** 128 + number where a signal ended it. */
  readonly exitCode: number;
}
