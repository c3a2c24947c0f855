import type { Size } from 'aws-cdk-lib';
import type { EbsDeviceVolumeType } from 'aws-cdk-lib/aws-ec2';

/** The volume that an image boots from, while it is built and for every instance of it. */
export interface RootVolumeOptions {
  /**
   * Size, in whole mebibytes. Not less than that of the source.
   *
   * @default - that of the source
   */
  readonly size?: Size;

  /**
   * Type of the volume. Not `st1` or `sc1`, which no instance boots from.
   *
   * @default EbsDeviceVolumeType.GP3
   */
  readonly volumeType?: EbsDeviceVolumeType;

  /**
   * I/O operations a second: 3,000 to 80,000 for gp3 and at most 500 for each GiB; 100 to 64,000 for io1 (50 for each GiB);
   * 100 to 256,000 for io2 (1,000 for each GiB). No other type takes them.
   *
   * @default - 3,000 for gp3; io1 and io2 need a number
   */
  readonly iops?: number;

  /**
   * MiB a second, 125 to 2,000 and at most a quarter of `iops`. Only gp3 takes it.
   *
   * @default - 125 for gp3
   */
  readonly throughput?: number;
}

/** A volume that the builder has beside its root volume, and every instance of the image. At least a size or a snapshot. */
export interface VolumeOptions {
  /** Name of the device, such as `/dev/sdf`: `/dev/sd[b-z]` or `/dev/xvd[b-z]`. Nitro machines show it as an NVMe device. */
  readonly deviceName: string;

  /**
   * Size, in whole gibibytes.
   *
   * @default - that of the snapshot
   */
  readonly size?: Size;

  /**
   * What it holds at first: the ID of an EBS snapshot.
   *
   * @default - it is empty, without a file system
   */
  readonly snapshotId?: string;

  /**
   * Type of the volume.
   *
   * @default EbsDeviceVolumeType.GP3
   */
  readonly volumeType?: EbsDeviceVolumeType;

  /**
   * I/O operations a second: 3,000 to 80,000 for gp3 and at most 500 for each GiB; 100 to 64,000 for io1 (50 for each GiB);
   * 100 to 256,000 for io2 (1,000 for each GiB). No other type takes them.
   *
   * @default - 3,000 for gp3; io1 and io2 need a number
   */
  readonly iops?: number;

  /**
   * MiB a second, 125 to 2,000 and at most a quarter of `iops`. Only gp3 takes it.
   *
   * @default - 125 for gp3
   */
  readonly throughput?: number;

  /**
   * Whether it ends with the instance that it is attached to.
   *
   * @default true
   */
  readonly deleteOnTermination?: boolean;
}
