import type { OsFamily as Family } from '../plan/model';

/** Which tools a machine has: the family decides about packages and paths. */
export class OsFamily {
  /** Debian, Ubuntu and their relatives. */
  public static readonly DEBIAN = new OsFamily('debian');

  /** Amazon Linux, Fedora, Red Hat Enterprise Linux and their relatives. */
  public static readonly REDHAT = new OsFamily('redhat');

  /** SUSE Linux Enterprise and openSUSE. */
  public static readonly SUSE = new OsFamily('suse');

  /** Alpine Linux. */
  public static readonly ALPINE = new OsFamily('alpine');

  /** Any other Linux. */
  public static readonly LINUX = new OsFamily('linux');

  /** @internal */
  public readonly _family: Family;

  private constructor(family: Family) {
    this._family = family;
  }

  /** The name it has in a plan. */
  public get name(): string {
    return this._family;
  }

  /** The name it has in a plan. */
  public toString(): string {
    return this.name;
  }
}
