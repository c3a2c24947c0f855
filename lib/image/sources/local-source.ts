import { Token } from 'aws-cdk-lib';
import type { Fault } from '../../errors';
import type { LocalSource as LocalSourceSpec } from '../../plan/model';
import { isUrl } from '../../plan/root-tar-path';
import { SHA256 } from '../lowering/forms';
import { portablePath } from '../portable-path';

/** Distributions that can be put together from their mirrors. */
export enum MirrorDistribution {
  /** Debian. */
  DEBIAN = 'debian',
  /** Ubuntu. */
  UBUNTU = 'ubuntu',
}

/** One line of an APT sources list. */
export interface PackageMirror {
  /** URL of the mirror. */
  readonly url: string;

  /**
   * Suite to take from this mirror.
   *
   * @default - the suite of the source
   */
  readonly suite?: string;

  /**
   * Components to take from this mirror.
   *
   * @default ['main']
   */
  readonly components?: string[];
}

/** A Debian-like system put together from its package mirrors. */
export interface MirrorProps {
  /** The distribution. */
  readonly distribution: MirrorDistribution;

  /** Code name of the release, such as `bookworm`. */
  readonly suite: string;

  /** Mirrors; those with security updates included. */
  readonly mirrors: PackageMirror[];

  /** Packages beyond the minimal system: at least a kernel and an init system. */
  readonly packages: string[];
}

/** What stands for a source in a build without a cloud account. */
export class LocalSource {
  /** A Debian-like system put together from its package mirrors. */
  public static mirror(props: MirrorProps): LocalSource {
    const mirrors = props.mirrors.map((mirror) => ({ url: mirror.url, suite: mirror.suite ?? props.suite, components: mirror.components ?? ['main'] }));
    const odd = props.packages.filter((name) => !Token.isUnresolved(name) && !/^[a-z0-9][a-z0-9+.-]*(:[a-z0-9]+)?$/.test(name));
    const noUrl = mirrors.filter(({ url }) => !Token.isUnresolved(url) && !isUrl(url));
    return new LocalSource({ type: 'mirror', distribution: props.distribution, suite: props.suite, mirrors, packages: props.packages }, [
      ...odd.map((name) => fault('invalid-package', `${JSON.stringify(name)} is not the name of a package`, 'Give names as apt-get takes them.')),
      ...noUrl.map(({ url }) => fault('invalid-url', `${JSON.stringify(url)} is not the URL of a mirror`, 'Give an http or https URL.')),
      ...(mirrors.length > 0 ? [] : [fault('no-mirror', `A system of the suite ${props.suite} has no mirrors`, 'Give at least one.')]),
      ...(props.suite ? [] : [fault('no-suite', 'A system from mirrors has no suite', 'Give the code name of its release, such as bookworm.')]),
    ]);
  }

  /**
   * A tar of a root file system. It is not copied into the cloud assembly: what builds reads it from where it lies.
   *
   * @param pathOrUrl an http or https URL, or a path, absolute or relative to the folder that the app runs in. The plan has a
   *   path relative to itself, so that it is the same wherever the app lies; only an absolute path to outside of that folder stays
   * @param sha256 digest of the tar, in hex
   */
  public static rootTar(pathOrUrl: string, sha256: string): LocalSource {
    const location = isUrl(pathOrUrl) ? pathOrUrl : portablePath(pathOrUrl);
    return new LocalSource({ type: 'rootTar', location, sha256: sha256.toLowerCase() }, [
      ...(Token.isUnresolved(sha256) || SHA256.test(sha256) ? [] : [
        fault('invalid-digest', `${JSON.stringify(sha256)} is not a SHA-256 digest`, 'Give the 64 hex digits that sha256sum prints.'),
      ]),
      ...(pathOrUrl ? [] : [fault('no-root-tar', 'A root tar has neither a path nor a URL', 'Say where it lies.')]),
    ]);
  }

  private constructor(
    /** @internal */
    public readonly _spec: LocalSourceSpec,
    /** @internal */
    public readonly _faults: readonly Fault[],
  ) {}
}

function fault(code: string, message: string, hint: string): Fault {
  return { code, message, hint };
}
