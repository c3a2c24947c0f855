import type { Duration } from 'aws-cdk-lib';
import type { IVpc, InstanceType, ISecurityGroup, SubnetSelection } from 'aws-cdk-lib/aws-ec2';
import type { IInstanceProfile } from 'aws-cdk-lib/aws-iam';
import type { Communicator } from './communicator';
import type { BuilderPlacement } from './machine/builder-placement';

/**
 * How an image is built. Nothing here changes what it is, so nothing here builds it anew.
 *
 * Networks, groups and profiles may be declared in another stack of the app: it is then deployed before the image is built,
 * and gets an output for each that the plan reads. Those of the image's own stack are refused, since that is deployed later.
 */
export interface BuilderOptions {
  /**
   * Instance types to build on, the preferred one first: the next is taken where there is no capacity for one. They have to
   * be of the architecture of the source.
   *
   * @default - `t3.medium` for x86_64, `t4g.medium` for arm64
   */
  readonly instanceTypes?: InstanceType[];

  /**
   * How bytes reach the machine, on a host that leaves the choice.
   *
   * @default Communicator.ssm()
   */
  readonly communicator?: Communicator;

  /**
   * The network to build in.
   *
   * @default - the default VPC of the account, or that of the subnets which `subnetFilters` find
   */
  readonly vpc?: IVpc;

  /**
   * Subnets of `vpc` to build in, the preferred one first: the next is taken where there is no capacity in one.
   *
   * @default - the private subnets of `vpc`, or else its isolated or public ones
   */
  readonly vpcSubnets?: SubnetSelection;

  /**
   * Finds the subnet when the image is built: filters as EC2's DescribeSubnets names them, such as `tag:Tier`. Of several,
   * the one with the most free addresses. Not together with `vpcSubnets`.
   *
   * @default - no filters
   */
  readonly subnetFilters?: { [name: string]: string[] };

  /**
   * Security groups of the machine.
   *
   * @default - one without inbound rules, kept in the VPC; for SSH one of the build that lets in the caller's address only
   */
  readonly securityGroups?: ISecurityGroup[];

  /**
   * Finds the security groups when the image is built: filters as EC2's DescribeSecurityGroups names them. All that match
   * are used. Not together with `securityGroups`.
   *
   * @default - no filters
   */
  readonly securityGroupFilters?: { [name: string]: string[] };

  /**
   * Whether the machine gets a public IP address.
   *
   * @default - as the subnet says
   */
  readonly associatePublicIpAddress?: boolean;

  /**
   * The role of the machine. Over Systems Manager its role needs what `AmazonSSMManagedInstanceCore` grants.
   *
   * @default - over Systems Manager one with the minimum policy, created once and kept; else none
   */
  readonly instanceProfile?: IInstanceProfile;

  /**
   * Build on spot capacity, and on demand where there is none.
   *
   * @default - on demand
   */
  readonly spot?: SpotOptions;

  /**
   * Where in a region the machine stands, beyond its subnet.
   *
   * @default - wherever EC2 puts it
   */
  readonly placement?: BuilderPlacement;

  /**
   * Tags of everything that exists only during the build, such as the instance and its volumes.
   *
   * @default - only those that every build of this library has
   */
  readonly tags?: { [key: string]: string };

  /**
   * Whether the first provisioner waits until cloud-init has finished. Without it, both may want the package manager at once.
   *
   * @default true
   */
  readonly waitForCloudInit?: boolean;

  /**
   * The machine ends itself where nobody was heard of for so long, as after a crash of the computer that builds. In minutes,
   * at least 5.
   *
   * @default Duration.minutes(30)
   */
  readonly leaseTimeout?: Duration;
}

/** Building on spot capacity. */
export interface SpotOptions {
  /**
   * The most to pay, in US dollars an hour: 0.05 for five cents. At least 0.001.
   *
   * @default - the on-demand price
   */
  readonly maxPrice?: number;
}
