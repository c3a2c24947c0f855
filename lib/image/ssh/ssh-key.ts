import type { SshKeySpec } from '../../plan/builder';
import { portablePath } from '../portable-path';

/** Options of a key that lies in a file. */
export interface SshKeyFileOptions {
  /**
   * Name of the EC2 key pair in the account that it is of.
   *
   * @default - its public half is given to the machine by user-data
   */
  readonly keyPairName?: string;
}

/** Options of a key that an agent holds. */
export interface SshKeyAgentOptions {
  /**
   * Name of the EC2 key pair in the account that it is of.
   *
   * @default - its public half is given to the machine by user-data
   */
  readonly keyPairName?: string;

  /**
   * Which of its keys: the public half, as in a `.pub` file.
   *
   * @default - the first
   */
  readonly publicKey?: string;
}

/** A key that you have. Only needed where the one that exists during the build alone does not do. */
export class SshKey {
  /**
   * A private key in a file, without a passphrase. The plan names the file; the key stays where it is.
   *
   * @param path its path where `golden` runs: absolute, relative to the folder that the app runs in, or from the home folder on
   *   (`~/.ssh/id_ed25519`). The plan has a path relative to itself; only an absolute path to outside of that folder stays
   */
  public static file(path: string, options: SshKeyFileOptions = {}): SshKey {
    return new SshKey({ type: 'file', path: path.startsWith('~/') || path.trim() === '' ? path : portablePath(path), keyPairName: options.keyPairName });
  }

  /** A key of the SSH agent that `SSH_AUTH_SOCK` names where `golden` runs. It is never forwarded to the machine. */
  public static agent(options: SshKeyAgentOptions = {}): SshKey {
    return new SshKey({ type: 'agent', keyPairName: options.keyPairName, publicKey: options.publicKey });
  }

  private constructor(
    /** @internal */
    public readonly _spec: SshKeySpec,
  ) {}
}
