import type { BastionSpec, CommunicatorSpec, SshKeySpec } from '../plan/builder';
import { SshVia, type SshBastion, type SshOptions } from './ssh/ssh-options';

const SSH_PORT = 22;

/**
 * How bytes reach the machine that is being provisioned. Not part of what the image is.
 *
 * @example
 *
 * Communicator.ssm();
 * Communicator.ssh({ via: SshVia.SESSION_MANAGER });
 * Communicator.ssh({ key: SshKey.file('~/.ssh/id_ed25519'), via: SshVia.PRIVATE_ADDRESS });
 */
export class Communicator {
  /**
   * AWS Systems Manager: no open port and no key. The machine needs the SSM agent; where the source lacks it, and is of the
   * Debian, Red Hat or SUSE family, it is installed when the machine starts.
   */
  public static ssm(): Communicator {
    return new Communicator({ type: 'ssm' });
  }

  /** SSH, with a key that exists only during the build unless you give one. The machine's host key is known before first contact. */
  public static ssh(options: SshOptions = {}): Communicator {
    const { user, bastion, key } = options;
    return new Communicator({
      type: 'ssh',
      user,
      port: options.port ?? SSH_PORT,
      via: options.via ?? (bastion ? SshVia.PRIVATE_ADDRESS : SshVia.PUBLIC_ADDRESS),
      bastion: bastion && bastionSpec(bastion, key?._spec),
      key: key?._spec,
    });
  }

  private constructor(
    /** @internal */
    public readonly _spec: CommunicatorSpec,
  ) {}
}

/** A key that exists only during the build opens no host that was there before. */
function bastionSpec({ host, user, hostKey, port = SSH_PORT, key }: SshBastion, ofMachine?: SshKeySpec): BastionSpec {
  return { host, port, user, hostKey, key: key?._spec ?? ofMachine ?? { type: 'agent' } };
}
