import type { InstanceArchitecture } from 'aws-cdk-lib/aws-ec2';
import type { IConstruct } from 'constructs';
import type { OsFamily } from '../os-family';

/** An image that another image can start from. Every `AmiImage` is one. */
export interface IBaseImage extends IConstruct {
  /** What the image is, as a digest. Reading it locks the image. */
  readonly definitionHash: string;

  /** Architecture of the machines that run it. */
  readonly architecture: InstanceArchitecture;

  /** Which tools it has. */
  readonly osFamily: OsFamily;

  /** The user to log in as. */
  readonly loginUser: string;

  /** Whether it has the SSM agent, installed and started. */
  readonly hasSsmAgent: boolean;

  /**
   * What the image is, also where it has faults that only synthesis reports. One that a user implements has none of these.
   * @internal
   */
  _hash?(): string;

  /**
   * Says that something uses the image, so that it is taken there, and built before that is deployed.
   * @internal
   */
  _use?(user: IConstruct): void;
}
