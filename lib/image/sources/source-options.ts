import type { InstanceArchitecture } from 'aws-cdk-lib/aws-ec2';
import type { OsFamily } from '../os-family';
import type { LocalSource } from './local-source';

/** What cannot be seen from the reference to an image. */
export interface SourceOptions {
  /**
   * Architecture of the image.
   *
   * @default ec2.InstanceArchitecture.X86_64
   */
  readonly architecture?: InstanceArchitecture;

  /**
   * Which tools the image has.
   *
   * @default OsFamily.LINUX
   */
  readonly osFamily?: OsFamily;

  /**
   * The user to log in as.
   *
   * @default 'ec2-user'
   */
  readonly loginUser?: string;

  /**
   * Whether the image has the SSM agent, installed and started.
   *
   * @default false
   */
  readonly hasSsmAgent?: boolean;

  /**
   * What stands for the image in a build without a cloud account.
   *
   * @default - it can be built in the cloud only
   */
  readonly local?: LocalSource;
}

/** What can be chosen about a distribution that is known by name. */
export interface DistributionSourceOptions {
  /**
   * Architecture of the image.
   *
   * @default ec2.InstanceArchitecture.X86_64
   */
  readonly architecture?: InstanceArchitecture;

  /**
   * What stands for the image in a build without a cloud account.
   *
   * @default - a system from the distribution's own mirrors; none for Amazon Linux
   */
  readonly local?: LocalSource;
}

/** Which images a filter takes. At least a name or one other filter. */
export interface FilterSourceProps extends SourceOptions {
  /** Accounts that own the image: their 12 digits, `self`, `amazon` or `aws-marketplace`. */
  readonly owners: string[];

  /**
   * Name of the image; `*` and `?` stand for any characters.
   *
   * @default - any name
   */
  readonly name?: string;

  /**
   * Further filters, as EC2's DescribeImages names them.
   *
   * @default - only images of the architecture that boot from an EBS volume
   */
  readonly filters?: { [name: string]: string[] };

  /**
   * Take the newest where several match. Otherwise several matches are an error.
   *
   * @default true
   */
  readonly mostRecent?: boolean;
}
