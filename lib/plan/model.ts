import type { Builder } from './builder';
import type { Check } from './checks';
import type { DeliverySpec } from './delivery';
import type { Instruction } from './instructions';
import type { ValueReference } from './values';

/**
 * The version of the plan document. It moves with every change of the schema, however small:
 * an engine reads plans of its own version only, and says so.
 */
export const PLAN_VERSION = 1;

/** What the file names of plans in a cloud assembly end with. */
export const PLAN_FILE_SUFFIX = '.golden-plan.json';

/** The folder beside a plan that holds its assets, each under its digest. */
export const ASSET_FOLDER = 'golden-assets';

/** The document of one image. Everything an engine needs to know, and nothing that differs between two syntheses. */
export interface Plan {
  readonly version: 1;
  /** Construct path of the image. */
  readonly image: string;
  /**
   * What the image is: the digest of `definition`, construct paths left out.
   * @pattern ^[0-9a-f]{64}$
   */
  readonly definitionHash: string;
  /**
   * Where the image goes: the digest of `delivery`.
   * @pattern ^[0-9a-f]{64}$
   */
  readonly deliveryHash: string;
  readonly definition: Definition;
  readonly builder: Builder;
  readonly delivery: DeliverySpec;
  readonly target: Target;
}

/** Everything that makes the image what it is. Its digest is the definitionHash. */
export interface Definition {
  /** Moved by hand, once, when a fault of ours makes every image worth building anew. */
  readonly epoch: 1;
  readonly source: SourceSpec;
  readonly machine: MachineSpec;
  readonly instructions: readonly Instruction[];
  readonly checks: readonly Check[];
  /** Values known only when the image is built, by name. */
  readonly parameters: { readonly [name: string]: ParameterSpec };
  /** Secrets, by name: where each is read from when the image is built, never what it is. */
  readonly secrets: { readonly [name: string]: SecretSpec };
}

export type Architecture = 'x86_64' | 'arm64';

/** Which tools a machine has: the family decides about packages and paths. */
export type OsFamily = 'debian' | 'redhat' | 'suse' | 'alpine' | 'linux' | 'windows';

/**
 * What an image starts from.
 * @discriminator type
 */
export type SourceSpec = AmiSource | FilterSource | ParameterSource | ImageSource | LocalOnlySource;

export interface SourceBase {
  /** The user to log in as. */
  readonly user: string;
  /** Whether the source has the SSM agent, installed and started. */
  readonly ssmAgent: boolean;
  /** The counterpart for builds without a cloud account. */
  readonly local?: LocalSource;
}

export interface AmiSource extends SourceBase {
  readonly type: 'ami';
  /** @pattern ^ami-[0-9a-f]{8,17}$ */
  readonly imageId: string;
}

export interface FilterSource extends SourceBase {
  readonly type: 'filter';
  readonly owners: readonly string[];
  readonly filters: { readonly [name: string]: readonly string[] };
  /** Take the newest where several match; otherwise several matches are an error. */
  readonly mostRecent: boolean;
}

export interface ParameterSource extends SourceBase {
  readonly type: 'ssm';
  /** Name of an SSM parameter that holds an AMI ID. */
  readonly parameter: string;
}

/** Another image of ours. */
export interface ImageSource extends SourceBase {
  readonly type: 'image';
  /** @pattern ^[0-9a-f]{64}$ */
  readonly definitionHash: string;
  /** Construct path of that image; not part of the hash. */
  readonly image: string;
}

/** A source without a counterpart in the cloud. */
export interface LocalOnlySource extends SourceBase {
  readonly type: 'local';
  readonly local: LocalSource;
}

/**
 * What stands for a source in a build without a cloud account.
 * @discriminator type
 */
export type LocalSource = MirrorSource | RootTarSource;

/** A Debian-like system put together from its package mirrors. */
export interface MirrorSource {
  readonly type: 'mirror';
  readonly distribution: 'debian' | 'ubuntu';
  readonly suite: string;
  readonly mirrors: readonly Mirror[];
  /** Packages beyond the minimal system, the kernel and boot loader included. */
  readonly packages: readonly string[];
}

export interface Mirror {
  readonly url: string;
  readonly suite: string;
  readonly components: readonly string[];
}

/** A tar of a root file system. */
export interface RootTarSource {
  readonly type: 'rootTar';
  /** http(s) URL or path. A relative path begins at the folder of the plan's file, so that it is the same on every computer. */
  readonly location: string;
  /** @pattern ^[0-9a-f]{64}$ */
  readonly sha256: string;
}

/** The machine as far as it shapes the disk. */
export interface MachineSpec {
  readonly architecture: Architecture;
  readonly osFamily: OsFamily;
  /** @minimum 1 */
  readonly rootVolumeSizeMiB?: number;
  /** Speed of the root volume, while it is built and for every instance of the image. Absent: gp3 with its base speed. */
  readonly rootVolume?: VolumeSpeed;
  /** Volumes beside the root volume. */
  readonly volumes?: readonly VolumeSpec[];
  /** What cloud-init of the builder does at its first boot, beside what we ask of it: a script or a `#cloud-config`. */
  readonly userData?: string;
  /** The image has the SSM agent where its source has none. Absent: one that was installed to build it is removed again. */
  readonly ssmAgent?: true;
  /** Firmware that instances of the image boot with. Absent: as the source. */
  readonly bootMode?: 'legacy-bios' | 'uefi' | 'uefi-preferred';
}

/** Type and speed of an EBS volume. */
export interface VolumeSpeed {
  readonly type: 'gp2' | 'gp3' | 'io1' | 'io2' | 'st1' | 'sc1' | 'standard';
  /**
   * I/O operations a second.
   * @minimum 100
   */
  readonly iops?: number;
  /**
   * MiB a second; gp3 only.
   * @minimum 125
   */
  readonly throughput?: number;
}

/** A volume that the builder has, and every instance of the image. */
export interface VolumeSpec extends VolumeSpeed {
  /** Such as `/dev/sdf`. */
  readonly deviceName: string;
  /** @minimum 1 */
  readonly sizeGiB?: number;
  /** @pattern ^snap-[0-9a-f]{8,17}$ */
  readonly snapshotId?: string;
  readonly deleteOnTermination: boolean;
}

/** A value known only when the image is built. */
export interface ParameterSpec {
  readonly type: 'string' | 'number';
  readonly from: ValueReference;
}

/** A secret known only when the image is built. */
export interface SecretSpec {
  readonly from: ValueReference;
}

/** Account and region the image is for; absent where the stack does not know them. */
export interface Target {
  readonly account?: string;
  readonly region?: string;
}
