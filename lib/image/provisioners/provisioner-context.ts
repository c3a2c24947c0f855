import type { Duration } from 'aws-cdk-lib';
import type { InstanceArchitecture } from 'aws-cdk-lib/aws-ec2';
import type { Construct } from 'constructs';
import type { Check } from '../checks/check';
import type { OsFamily } from '../os-family';
import type { DownloadProps } from './download-props';
import type { FetchProps } from './fetch-props';
import type { FileProps } from './file-props';
import type { LocalProps } from './local-props';
import type { RebootOptions } from './provisioner-options';
import type { ShellProps } from './shell-props';

/** What changes the machine. Implement it to make your own; it says what to do in terms of its context. */
export interface IProvisioner {
  /**
   * ID of the construct that it becomes below its image; numbered where it is taken.
   *
   * @default - the name of its class
   */
  readonly id?: string;

  /**
   * Says what this provisioner does.
   *
   * @param scope the construct that stands for it; constructs that belong to it may be made here
   * @param context takes what is to be done, in order
   */
  bind(scope: Construct, context: ProvisionerContext): void;
}

/** What a provisioner can do to the machine. What is called first happens first. */
export abstract class ProvisionerContext {
  /** Architecture of the machine. */
  public abstract readonly architecture: InstanceArchitecture;

  /** Which tools the machine has. */
  public abstract readonly osFamily: OsFamily;

  /** Runs a script, or several. */
  public abstract run(props: ShellProps): void;

  /** Places a file, a folder or a text. */
  public abstract put(props: FileProps): void;

  /** Lets the machine download a file, and verifies it. */
  public abstract download(props: DownloadProps): void;

  /** Fetches a file or folder from the machine. */
  public abstract fetch(props: FetchProps): void;

  /** Runs a command on the computer that builds, with the rights of whoever runs `golden`. */
  public abstract local(props: LocalProps): void;

  /** Restarts the machine, and goes on when it takes commands again. */
  public abstract reboot(options?: RebootOptions): void;

  /** Waits. */
  public abstract pause(duration: Duration): void;

  /** Keeps the state of the disk at this place, so that a later build can start from it. */
  public abstract checkpoint(): void;

  /** Checks the machine at this place; the build fails here if one does not hold. */
  public abstract checkNow(...checks: Check[]): void;

  /** Checks the finished machine. */
  public abstract addCheck(...checks: Check[]): void;

  /** Does what other provisioners do, each as a construct below this one. */
  public abstract apply(...provisioners: IProvisioner[]): void;

  /**
   * Says that this provisioner alone is responsible for something, such as `user agent`. A second claim is a fault.
   *
   * @param thing what it is responsible for
   */
  public abstract claim(thing: string): void;

  /**
   * Reports a fault in what the user asked for. All faults of all images fail the synthesis together.
   *
   * @param message what is wrong
   * @param hint what to do about it
   */
  public abstract addFault(message: string, hint?: string): void;
}
