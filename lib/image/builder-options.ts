import type { InstanceType } from 'aws-cdk-lib/aws-ec2';
import type { Communicator } from './communicator';

/** How an image is built. Nothing here changes what it is, so nothing here builds it anew. */
export interface BuilderOptions {
  /**
   * Instance types to build on, the preferred one first. They have to be of the architecture of the source.
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
}
