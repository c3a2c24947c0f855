import { Token } from 'aws-cdk-lib';
import { InstanceArchitecture } from 'aws-cdk-lib/aws-ec2';
import type { Fault } from '../../errors';
import type { Architecture, SourceBase, SourceSpec } from '../../plan/model';
import { OsFamily } from '../os-family';
import type { IBaseImage } from './base-image';
import {
  amazonLinux2023Parameter, DEBIAN_OWNER, DEBIAN_RELEASES, debianArchitecture, debianMirrors, UBUNTU_RELEASES, ubuntuMirrors, ubuntuParameter,
} from './distributions';
import type { LocalSource } from './local-source';
import type { DistributionSourceOptions, FilterSourceProps, SourceOptions } from './source-options';

/**
 * What an image starts from.
 *
 * @example
 *
 * Source.debian('12');
 * Source.ubuntu('24.04', { architecture: ec2.InstanceArchitecture.ARM_64 });
 * Source.ami('ami-0123456789abcdef0', { osFamily: OsFamily.REDHAT, hasSsmAgent: true });
 * Source.ssmParameter('/company/base-image', { loginUser: 'admin' });
 */
export class Source {
  /**
   * One AMI.
   *
   * @param imageId its ID
   */
  public static ami(imageId: string, options: SourceOptions = {}): Source {
    const good = Token.isUnresolved(imageId) || /^ami-[0-9a-f]{8,17}$/.test(imageId);
    const faults = good ? [] : [fault('invalid-ami-id', `${JSON.stringify(imageId)} is not the ID of an AMI`, 'Give one such as ami-0123456789abcdef0.')];
    return new Source(options, (base) => ({ ...base, type: 'ami', imageId }), faults);
  }

  /** What a search for AMIs finds when the image is built. */
  public static filter(props: FilterSourceProps): Source {
    const faults = [
      ...(props.owners.length > 0 ? [] : [fault('no-owner', 'A source by filter has no owner', 'Say whose images you trust: owners.')]),
      ...(props.name || Object.keys(props.filters ?? {}).length > 0 ? [] : [
        fault('no-filter', 'A source by filter has neither a name nor a filter', 'Give name, filters or both.'),
      ]),
    ];
    const filters = {
      'architecture': [planArchitecture(props.architecture)],
      'root-device-type': ['ebs'],
      ...(props.name ? { name: [props.name] } : {}),
      ...props.filters,
    };
    return new Source(props, (base) => ({ ...base, type: 'filter', owners: props.owners, filters, mostRecent: props.mostRecent ?? true }), faults);
  }

  /**
   * The AMI whose ID an SSM parameter holds when the image is built.
   *
   * @param name name of the parameter
   */
  public static ssmParameter(name: string, options: SourceOptions = {}): Source {
    const good = Token.isUnresolved(name) || /^[A-Za-z0-9_./-]+$/.test(name);
    const faults = good ? [] : [fault('invalid-parameter-name', `${JSON.stringify(name)} is not the name of an SSM parameter`, 'Give its full name.')];
    return new Source(options, (base) => ({ ...base, type: 'ssm', parameter: name }), faults);
  }

  /**
   * The newest image of an Ubuntu release that Canonical publishes.
   *
   * @param version `22.04` or `24.04`
   */
  public static ubuntu(version: string, options: DistributionSourceOptions = {}): Source {
    const release = UBUNTU_RELEASES.find((one) => one.version === version);
    const architecture = planArchitecture(options.architecture);
    const known = { ...options, osFamily: OsFamily.DEBIAN, loginUser: 'ubuntu', hasSsmAgent: true };
    if (!release) { return Source.unknownRelease('Ubuntu', version, UBUNTU_RELEASES, known); }
    return Source.ssmParameter(ubuntuParameter(release, architecture), {
      ...known,
      local: options.local ?? ubuntuMirrors(release, architecture),
    });
  }

  /**
   * The newest image of a Debian release that the Debian project publishes.
   *
   * @param version `12`
   */
  public static debian(version: string, options: DistributionSourceOptions = {}): Source {
    const release = DEBIAN_RELEASES.find((one) => one.version === version);
    const architecture = planArchitecture(options.architecture);
    const known = { ...options, osFamily: OsFamily.DEBIAN, loginUser: 'admin', hasSsmAgent: false };
    if (!release) { return Source.unknownRelease('Debian', version, DEBIAN_RELEASES, known); }
    return Source.filter({
      ...known,
      owners: [DEBIAN_OWNER],
      name: `debian-${version}-${debianArchitecture(architecture)}-*`,
      local: options.local ?? debianMirrors(release.suite, architecture),
    });
  }

  /** The newest Amazon Linux 2023. It has no local counterpart unless you give one. */
  public static amazonLinux2023(options: DistributionSourceOptions = {}): Source {
    return Source.ssmParameter(amazonLinux2023Parameter(planArchitecture(options.architecture)), {
      ...options, osFamily: OsFamily.REDHAT, loginUser: 'ec2-user', hasSsmAgent: true,
    });
  }

  /**
   * Another image of this app: it is built first, and a change of it builds this one anew.
   *
   * @param image the other image; it is locked when this one is rendered
   */
  public static image(image: IBaseImage): Source {
    const { architecture, osFamily, loginUser, hasSsmAgent } = image;
    return new Source({ architecture, osFamily, loginUser, hasSsmAgent }, (base) => ({
      ...base, type: 'image', definitionHash: image._hash?.() ?? image.definitionHash, image: image.node.path,
    }), [], image);
  }

  /** A source that exists only outside the cloud. */
  public static local(system: LocalSource, options: SourceOptions = {}): Source {
    return new Source({ ...options, local: system }, (base) => ({ ...base, type: 'local', local: system._spec }), []);
  }

  private static unknownRelease(distribution: string, version: string, releases: readonly { version: string }[], options: SourceOptions): Source {
    const known = releases.map((release) => release.version).join(', ');
    return new Source(options, (base) => ({ ...base, type: 'ssm', parameter: 'unknown' }), [
      fault('unknown-release', `There is no ${distribution} ${JSON.stringify(version)} here`, `Known are ${known}; take others by Source.filter or Source.ami.`),
    ]);
  }

  /** Architecture of the machines that run it. */
  public readonly architecture: InstanceArchitecture;

  /** Which tools it has. */
  public readonly osFamily: OsFamily;

  /** The user to log in as. */
  public readonly loginUser: string;

  /** Whether it has the SSM agent, installed and started. */
  public readonly hasSsmAgent: boolean;

  /** What stands for it in a build without a cloud account. */
  public readonly localCounterpart?: LocalSource;

  /** @internal */
  public readonly _faults: readonly Fault[];

  private constructor(
    options: SourceOptions,
    private readonly render: (base: SourceBase) => SourceSpec,
    faults: readonly Fault[],
    /**
     * The image of the app that it is.
     * @internal
     */
    public readonly _image?: IBaseImage,
  ) {
    this.architecture = options.architecture ?? InstanceArchitecture.X86_64;
    this.osFamily = options.osFamily ?? OsFamily.LINUX;
    this.loginUser = options.loginUser ?? 'ec2-user';
    this.hasSsmAgent = options.hasSsmAgent ?? false;
    this.localCounterpart = options.local;
    this._faults = [...faults, ...options.local?._faults ?? []];
  }

  /** @internal */
  public _spec(): SourceSpec {
    return this.render({ user: this.loginUser, ssmAgent: this.hasSsmAgent, local: this.localCounterpart?._spec });
  }

  /** @internal */
  public _architecture(): Architecture {
    return planArchitecture(this.architecture);
  }
}

function planArchitecture(architecture?: InstanceArchitecture): Architecture {
  return architecture === InstanceArchitecture.ARM_64 ? 'arm64' : 'x86_64';
}

function fault(code: string, message: string, hint: string): Fault {
  return { code, message, hint };
}
