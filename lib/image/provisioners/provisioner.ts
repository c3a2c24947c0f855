import type { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import type { DownloadProps } from './download-props';
import type { FetchProps } from './fetch-props';
import type { FileProps } from './file-props';
import type { LocalProps } from './local-props';
import { PackagesProvisioner } from './packages-provisioner';
import type { IProvisioner, ProvisionerContext } from './provisioner-context';
import type { PackagesOptions, RebootOptions } from './provisioner-options';
import type { ServiceProps } from './service-props';
import { ServiceProvisioner } from './service-provisioner';
import type { ShellProps } from './shell-props';
import type { UserProps } from './user-props';
import { UserProvisioner } from './user-provisioner';
import type { Check } from '../checks/check';

/**
 * The provisioners of this library. Make your own by implementing `IProvisioner` in terms of these.
 *
 * @example
 *
 * declare const image: AmiImage;
 *
 * class StaticSite implements IProvisioner {
 *   bind(_scope: Construct, context: ProvisionerContext): void {
 *     context.apply(
 *       Provisioner.packages(['nginx']),
 *       Provisioner.file({ source: FileSource.inline('Hello'), destination: '/var/www/html/index.html' }),
 *     );
 *     context.addCheck(Check.service('nginx'));
 *   }
 * }
 *
 * image.addProvisioner(
 *   new StaticSite(),
 *   Provisioner.shell({
 *     inline: ['register --token "$TOKEN"'],
 *     secrets: { TOKEN: SecretRef.secretsManager('registration') },
 *     retries: 3,
 *   }),
 * );
 */
export class Provisioner {
  /** Runs a script, or several. */
  public static shell(props: ShellProps): IProvisioner {
    return named('Shell', (context) => context.run(props));
  }

  /** Places a file, a folder or a text. */
  public static file(props: FileProps): IProvisioner {
    return named('File', (context) => context.put(props));
  }

  /**
   * Installs packages with the package manager that the machine has: apt-get, dnf, yum, zypper or apk.
   *
   * @param names as that package manager takes them, such as `nginx` or `nginx=1.22.*`
   */
  public static packages(names: string[], options: PackagesOptions = {}): IProvisioner {
    return new PackagesProvisioner(names, options);
  }

  /**
   * Makes a user, or changes one to fit.
   *
   * @param name login name
   */
  public static user(name: string, props: UserProps = {}): IProvisioner {
    return new UserProvisioner(name, props);
  }

  /**
   * Places, enables and starts a systemd service.
   *
   * @param name name of the unit; `.service` may be left out
   */
  public static service(name: string, props: ServiceProps = {}): IProvisioner {
    return new ServiceProvisioner(name, props);
  }

  /** Lets the machine download a file, with curl or wget. Only what has the digest gets the file's name. */
  public static download(props: DownloadProps): IProvisioner {
    return named('Download', (context) => context.download(props));
  }

  /** Fetches a file or folder from the machine into the image's output. */
  public static fetch(props: FetchProps): IProvisioner {
    return named('Fetch', (context) => context.fetch(props));
  }

  /**
   * Runs a command on the computer that builds, where `golden` runs: outside of the machine, in the folder of the plan, with
   * the environment and all the rights of whoever runs `golden` (root, on the sandbox host). It fails the build unless it
   * exits with 0. Only what other provisioners place on the machine becomes part of the image.
   */
  public static local(props: LocalProps): IProvisioner {
    return named('Local', (context) => context.local(props));
  }

  /** Restarts the machine, and goes on when it takes commands again. */
  public static reboot(options: RebootOptions = {}): IProvisioner {
    return named('Reboot', (context) => context.reboot(options));
  }

  /** Waits. */
  public static pause(duration: Duration): IProvisioner {
    return named('Pause', (context) => context.pause(duration));
  }

  /** Keeps the state of the disk at this place, so that a later build can start from it. */
  public static checkpoint(): IProvisioner {
    return named('Checkpoint', (context) => context.checkpoint());
  }

  /** Checks the machine at this place; the build fails here if one does not hold. */
  public static checkNow(...checks: Check[]): IProvisioner {
    return named('Check', (context) => context.checkNow(...checks));
  }

  private constructor() {}
}

function named(id: string, act: (context: ProvisionerContext) => void): IProvisioner {
  return { id, bind: (_scope: Construct, context: ProvisionerContext) => act(context) };
}
