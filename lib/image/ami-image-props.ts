import type { Size } from 'aws-cdk-lib';
import type { UserData } from 'aws-cdk-lib/aws-ec2';
import type { IKey } from 'aws-cdk-lib/aws-kms';
import type { BuilderOptions } from './builder-options';
import type { Check } from './checks/check';
import type { Delivery } from './delivery';
import type { DistributionOptions } from './distribution-options';
import type { BootMode } from './machine/boot-mode';
import type { RootVolumeOptions, VolumeOptions } from './machine/volume-options';
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
   * @default Delivery.onDeploy()
   */
  readonly delivery?: Delivery;

  /**
   * Name of the SSM parameter that the image's stack owns and that always names the AMI of the stack, for what reads an AMI ID
   * when it launches, such as `MachineImage.resolveSsmParameterAtLaunch`.
   *
   * @default - `/golden/aliases/`, the name of the stack and the path of the image in it
   */
  readonly aliasParameterName?: string;

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
   * Size of the root volume, in whole mebibytes. The same as `rootVolume: { size }`.
   *
   * @default - that of the source
   */
  readonly rootVolumeSize?: Size;

  /**
   * Size, type and speed of the root volume.
   *
   * @default - gp3 with its base speed, and the size of the source
   */
  readonly rootVolume?: RootVolumeOptions;

  /**
   * Volumes beside the root volume. They are captured with it, so every instance of the image has them.
   *
   * @default - none
   */
  readonly volumes?: VolumeOptions[];

  /**
   * What cloud-init does when the builder boots for the first time: a script (`UserData.forLinux()`) or a `#cloud-config`
   * (`UserData.custom('#cloud-config\n...')`). It is part of what the image is. At most 12 KiB after compression. No secrets:
   * everything on the machine can read it.
   *
   * @default - only what this library itself asks of cloud-init
   */
  readonly userData?: UserData;

  /**
   * Whether the image has the SSM agent where its source has none, on EC2. Without it, an agent that was installed to build the
   * image over Systems Manager is removed again before the capture, so that it does not depend on how it was built.
   *
   * @default false
   */
  readonly installSsmAgent?: boolean;

  /**
   * Firmware that instances of the image boot with.
   *
   * @default - that of the source
   */
  readonly bootMode?: BootMode;

  /**
   * Whether the volumes are encrypted, from the launch of the builder on.
   *
   * @default true
   */
  readonly encrypted?: boolean;

  /**
   * KMS key of the volumes, in the region that the image is built in. A key of the image's own stack is refused, since that
   * is deployed after the image is built.
   *
   * @default - the default EBS key of the account
   */
  readonly encryptionKey?: IKey;
}
