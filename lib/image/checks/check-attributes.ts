import type { Duration } from 'aws-cdk-lib';
import type { Expect } from './expect';

/** What to expect of a command, run by `sh -c`. */
export interface CommandAttributes {
  /**
   * Its exit code.
   *
   * @default 0
   */
  readonly exitStatus?: number | Expect;

  /**
   * What it writes to its standard output: a list of patterns for its lines, or the whole text.
   *
   * @default - anything
   */
  readonly stdout?: string | string[] | Expect;

  /**
   * What it writes to its standard error: a list of patterns for its lines, or the whole text.
   *
   * @default - anything
   */
  readonly stderr?: string | string[] | Expect;

  /**
   * How long it may take.
   *
   * @default Duration.seconds(10)
   */
  readonly timeout?: Duration;
}

/** What to expect of a path. Symbolic links are not followed, except for contents and digests. */
export interface FileAttributes {
  /**
   * Whether there is anything at the path.
   *
   * @default true
   */
  readonly exists?: boolean | Expect;

  /**
   * Its mode in four octal digits, such as `0644`.
   *
   * @default - any
   */
  readonly mode?: string | Expect;

  /**
   * Name of its owner.
   *
   * @default - any
   */
  readonly owner?: string | Expect;

  /**
   * Number of its owner.
   *
   * @default - any
   */
  readonly uid?: number | Expect;

  /**
   * Name of its group.
   *
   * @default - any
   */
  readonly group?: string | Expect;

  /**
   * Number of its group.
   *
   * @default - any
   */
  readonly gid?: number | Expect;

  /**
   * Target of the symbolic link.
   *
   * @default - any
   */
  readonly linkedTo?: string | Expect;

  /**
   * What it is: `file`, `directory`, `symlink`, `socket`, `pipe`, `character-device` or `block-device`.
   *
   * @default - any
   */
  readonly filetype?: string | Expect;

  /**
   * Its contents: a list of patterns for its lines, or the whole text.
   *
   * @default - any
   */
  readonly contents?: string | string[] | Expect;

  /**
   * Its size in bytes.
   *
   * @default - any
   */
  readonly size?: number | Expect;

  /**
   * MD5 of its bytes, in hex.
   *
   * @default - any
   */
  readonly md5?: string | Expect;

  /**
   * SHA-256 of its bytes, in hex.
   *
   * @default - any
   */
  readonly sha256?: string | Expect;

  /**
   * SHA-512 of its bytes, in hex.
   *
   * @default - any
   */
  readonly sha512?: string | Expect;
}

/** What to expect of a package. */
export interface PackageAttributes {
  /**
   * Whether it is installed.
   *
   * @default true
   */
  readonly installed?: boolean | Expect;

  /**
   * The installed versions.
   *
   * @default - any
   */
  readonly versions?: string[] | Expect;
}

/** What to expect of a service. Without any attribute: that it is enabled and running. */
export interface ServiceAttributes {
  /**
   * Whether it starts at boot.
   *
   * @default - true where no attribute is given, else any
   */
  readonly enabled?: boolean | Expect;

  /**
   * Whether it is running.
   *
   * @default - true where no attribute is given, else any
   */
  readonly running?: boolean | Expect;

  /**
   * The SysV run levels that it starts in.
   *
   * @default - any
   */
  readonly runlevels?: string[] | Expect;
}

/** What to expect of a user. */
export interface UserAttributes {
  /**
   * Whether there is such a user.
   *
   * @default true
   */
  readonly exists?: boolean | Expect;

  /**
   * The user's number.
   *
   * @default - any
   */
  readonly uid?: number | Expect;

  /**
   * Number of the primary group.
   *
   * @default - any
   */
  readonly gid?: number | Expect;

  /**
   * Names of groups that the user is in, the primary one included. A list names some of them.
   *
   * @default - any
   */
  readonly groups?: string[] | Expect;

  /**
   * Home folder.
   *
   * @default - any
   */
  readonly home?: string | Expect;

  /**
   * Login shell.
   *
   * @default - any
   */
  readonly shell?: string | Expect;
}

/** What to expect of a group. */
export interface GroupAttributes {
  /**
   * Whether there is such a group.
   *
   * @default true
   */
  readonly exists?: boolean | Expect;

  /**
   * The group's number.
   *
   * @default - any
   */
  readonly gid?: number | Expect;
}

/** What to expect of a port. */
export interface PortAttributes {
  /**
   * Whether something listens on it.
   *
   * @default true
   */
  readonly listening?: boolean | Expect;

  /**
   * Local addresses that it listens on. A list names some of them.
   *
   * @default - any
   */
  readonly ip?: string[] | Expect;
}

/** What to expect of a process. */
export interface ProcessAttributes {
  /**
   * Whether it is running.
   *
   * @default true
   */
  readonly running?: boolean | Expect;
}
