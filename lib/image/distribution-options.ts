import type { Duration } from 'aws-cdk-lib';
import type { IKey } from 'aws-cdk-lib/aws-kms';

/** What stands in the way of deregistering an image. */
export enum DeregistrationProtection {
  /** It cannot be deregistered until the protection is taken away. */
  ENABLED = 'enabled',
  /** As ENABLED, and for 24 hours after the protection was taken away. */
  ENABLED_WITH_COOLDOWN = 'enabled-with-cooldown',
}

/**
 * Where the finished image goes. A change here distributes anew and never builds anew.
 *
 * An encrypted image can be shared only where it is encrypted with a key of yours: AWS shares no image that is encrypted
 * with the default key of an account. Give `encryptionKey` to the image and `encryptionKeys` to its regions, and let the
 * others use the keys: `image.keyGrants`.
 */
export interface DistributionOptions {
  /**
   * Regions to copy the image to, beside the one that it is built in.
   *
   * @default - none
   */
  readonly regions?: string[];

  /**
   * KMS keys of the copies, by region.
   *
   * @default - a copy is encrypted with the default key of the account in its region, where the image is encrypted
   */
  readonly encryptionKeys?: { [region: string]: IKey };

  /**
   * Accounts to share the image with, by their 12 digits.
   *
   * @default - none
   */
  readonly accounts?: string[];

  /**
   * Organisations to share the image with, by their ARNs: `arn:aws:organizations::111122223333:organization/o-a1b2c3d4e5`.
   *
   * @default - none
   */
  readonly organizationArns?: string[];

  /**
   * Organisational units to share the image with, by their ARNs: `arn:aws:organizations::111122223333:ou/o-a1b2c3d4e5/ou-ab12-1a2b3c4d`.
   *
   * @default - none
   */
  readonly organizationalUnitArns?: string[];

  /**
   * Name of the role in other accounts of the app whose stacks use the image: by it the build writes the AMI ID to SSM there.
   * A `DeliveryRole` is one.
   *
   * @default golden-delivery
   */
  readonly deliveryRoleName?: string;

  /**
   * Let everybody launch it, in every account of the world. Never by default, and only for images that are not encrypted.
   *
   * @default false
   */
  readonly publiclyAccessible?: boolean;

  /**
   * Let `accounts` use the snapshots too, as for encrypted copies of their own.
   *
   * @default false
   */
  readonly shareSnapshots?: boolean;

  /**
   * How long after its creation the image is deprecated: others no longer find it, but whoever knows it may go on using it.
   * In whole days, at most ten years; two for one that everybody may launch.
   *
   * @default - never
   */
  readonly deprecateAfter?: Duration;

  /**
   * What stands in the way of deregistering it.
   *
   * @default - nothing
   */
  readonly deregistrationProtection?: DeregistrationProtection;

  /**
   * Whether instances of it refuse version 1 of the metadata service, unless their launch says otherwise.
   *
   * @default true
   */
  readonly requireImdsv2?: boolean;

  /**
   * Tags of the image and its snapshots.
   *
   * @default - only the tags that every image of this library has
   */
  readonly tags?: { [key: string]: string };
}
