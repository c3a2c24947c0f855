import type { CommunicatorSpec } from '../plan/builder';

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
}

/** How bytes reach the machine that is being provisioned. Not part of what the image is. */
export class Communicator {
  /** AWS Systems Manager: no open port and no key. The machine needs the SSM agent. */
  public static ssm(): Communicator {
    return new Communicator({ type: 'ssm' });
  }

  /** SSH, with a key that exists only during the build. */
  public static ssh(options: SshOptions = {}): Communicator {
    return new Communicator({ type: 'ssh', user: options.user, port: options.port ?? 22, via: 'public-address' });
  }

  private constructor(
    /** @internal */
    public readonly _spec: CommunicatorSpec,
  ) {}
}
