import { Token, type Duration } from 'aws-cdk-lib';
import type {
  CommandAttributes, FileAttributes, GroupAttributes, PackageAttributes, PortAttributes, ProcessAttributes, ServiceAttributes, UserAttributes,
} from './check-attributes';
import { Expect } from './expect';
import type { Expectation } from '../../plan/checks';

/**
 * A statement about the finished machine, in the vocabulary of Goss. An image of which one does not hold is not captured.
 *
 * @example
 *
 * declare const image: AmiImage;
 *
 * image.addCheck(
 *   Check.service('nginx'),
 *   Check.port('tcp:80'),
 *   Check.file('/etc/nginx/nginx.conf', { mode: '0644', owner: 'root', contents: ['server_tokens off;'] }),
 *   Check.command('nginx -t', { stderr: Expect.containing('test is successful') }),
 * );
 */
export class Check {
  /**
   * The outcome of a command.
   *
   * @param command a line for `sh -c`
   */
  public static command(command: string, attributes: CommandAttributes = {}): Check {
    const { exitStatus = 0, stdout, stderr, timeout } = attributes;
    return new Check('command', command, { 'exit-status': exitStatus, stdout, stderr, 'timeout': timeout && milliseconds(timeout) });
  }

  /**
   * A file, a folder or anything else at a path.
   *
   * @param path absolute path
   */
  public static file(path: string, attributes: FileAttributes = {}): Check {
    const { exists = true, linkedTo, ...others } = attributes;
    return new Check('file', path, { exists, 'linked-to': linkedTo, ...others });
  }

  /**
   * A package of the system's package manager.
   *
   * @param name name of the package
   */
  public static package(name: string, attributes: PackageAttributes = {}): Check {
    const { installed = true, versions } = attributes;
    return new Check('package', name, { installed, versions });
  }

  /**
   * A service of the init system.
   *
   * @param name name of the service
   */
  public static service(name: string, attributes: ServiceAttributes = {}): Check {
    const given = Object.values(attributes).some((value) => value !== undefined);
    return new Check('service', name, given ? attributes : { enabled: true, running: true });
  }

  /**
   * A user.
   *
   * @param name login name
   */
  public static user(name: string, attributes: UserAttributes = {}): Check {
    const { exists = true, ...others } = attributes;
    return new Check('user', name, { exists, ...others });
  }

  /**
   * A group.
   *
   * @param name name of the group
   */
  public static group(name: string, attributes: GroupAttributes = {}): Check {
    const { exists = true, gid } = attributes;
    return new Check('group', name, { exists, gid });
  }

  /**
   * A port on the machine itself.
   *
   * @param port `tcp:80`, `tcp6:80`, `udp:53`, `udp6:53`, or just `80` for TCP
   */
  public static port(port: string, attributes: PortAttributes = {}): Check {
    const { listening = true, ip } = attributes;
    return new Check('port', port, { listening, ip });
  }

  /**
   * A process.
   *
   * @param name name of its program, at most 15 characters as the kernel keeps it
   */
  public static process(name: string, attributes: ProcessAttributes = {}): Check {
    const { running = true } = attributes;
    return new Check('process', name, { running });
  }

  /**
   * Any check of Goss's vocabulary, with attributes and matchers as Goss names them.
   *
   * @param checkType `command`, `file`, `package`, `service`, `user`, `group`, `port` or `process`
   * @param resource what it is about
   * @param attributes plain values, `Expect`, or `{ matcher: argument }`
   */
  public static of(checkType: string, resource: string, attributes: { [attribute: string]: any }): Check {
    return new Check(checkType, resource, attributes);
  }

  /** @internal */
  public readonly _attributes: { readonly [attribute: string]: Expectation };

  private constructor(
    /** @internal */
    public readonly _type: string,
    /** @internal */
    public readonly _resource: string,
    attributes: object,
  ) {
    const given = Object.entries(attributes).filter(([, value]) => value !== undefined);
    this._attributes = Object.fromEntries(given.map(([attribute, value]) => [attribute, Expect._lower(value)]));
  }
}

/** Whole milliseconds, rounded up. A CDK token stays one: the finished definition reports it with its path. */
function milliseconds(duration: Duration): number {
  return duration.isUnresolved() ? Token.asNumber(duration) : Math.ceil(duration.toMilliseconds({ integral: false }));
}
