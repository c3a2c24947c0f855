import type { SshKey } from './ssh-key';

/** How the SSH port of a machine is reached. */
export enum SshVia {
  /** By its public IP address. The port is open to the address that `golden` calls from, and to nobody else. */
  PUBLIC_ADDRESS = 'public-address',
  /** By its private IP address, as from inside the VPC, over a VPN or through a bastion. */
  PRIVATE_ADDRESS = 'private-address',
  /** Through a session of AWS Systems Manager: no open port. The machine needs the SSM agent. */
  SESSION_MANAGER = 'session-manager',
}

/** Options of a build over SSH. */
export interface SshOptions {
  /**
   * The user to log in as.
   *
   * @default - the login user of the source
   */
  readonly user?: string;

  /**
   * The port that the SSH server listens on.
   *
   * @default 22
   */
  readonly port?: number;

  /**
   * How the port is reached.
   *
   * @default - by its public address; with a bastion by its private one
   */
  readonly via?: SshVia;

  /**
   * A host that is logged in to first, and leads on to the machine.
   *
   * @default - none
   */
  readonly bastion?: SshBastion;

  /**
   * The key to log in with.
   *
   * @default - one that exists only in memory and only during the build
   */
  readonly key?: SshKey;
}

/** A host that leads on to a machine. */
export interface SshBastion {
  /** Its name or IP address. */
  readonly host: string;

  /** The user to log in as. */
  readonly user: string;

  /** Its public host key, as in `known_hosts`: `ssh-ed25519 AAAA...`. No other host is spoken to. */
  readonly hostKey: string;

  /**
   * The port that its SSH server listens on.
   *
   * @default 22
   */
  readonly port?: number;

  /**
   * The key to log in with.
   *
   * @default - that of the build's own `key`; without one, those of the SSH agent
   */
  readonly key?: SshKey;
}
