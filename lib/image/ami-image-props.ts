import type { Size } from 'aws-cdk-lib';
import type { BuilderOptions } from './builder-options';
import type { Check } from './checks/check';
import type { Delivery } from './delivery';
import type { DistributionOptions } from './distribution-options';
import type { IProvisioner } from './provisioners/provisioner-context';
import type { Source } from './sources/source';

/** What an image is, how it is built, and where it goes. */
export interface AmiImageProps {
  /** What it starts from. */
  readonly source: Source;

  /**
   * What changes the machine, in this order.
   *
   * @default - none; add them with `addProvisioner`
   */
  readonly provisioners?: IProvisioner[];

  /**
   * Statements about the finished machine. An image of which one does not hold is not captured.
   *
   * @default - none; add them with `addCheck`
   */
  readonly checks?: Check[];

  /**
   * How it is built. Not part of what it is.
   *
   * @default - on a small instance, through AWS Systems Manager
   */
  readonly builder?: BuilderOptions;

  /**
   * Where it goes. Not part of what it is.
   *
   * @default - it stays in the account and region that build it
   */
  readonly distribution?: DistributionOptions;

  /**
   * How stacks come by its AMI ID.
   *
   * @default Delivery.prebuilt()
   */
  readonly delivery?: Delivery;

  /**
   * What the names of its AMIs start with: at most 96 letters, digits, spaces and `()[]./-'@_`.
   *
   * @default - its construct path
   */
  readonly imageName?: string;

  /**
   * What the image is for.
   *
   * @default - no description
   */
  readonly description?: string;

  /**
   * Size of the root volume, in whole mebibytes.
   *
   * @default - that of the source
   */
  readonly rootVolumeSize?: Size;
}
