import type { CloudDisk, CloudMachine, CloudSystem } from './machines/machine-provider';

export type Tags = Map<string, string>;

/** What all resources of ours have. */
export interface Resource {
  readonly id: string;
  /** Account that it belongs to. */
  readonly owner: string;
  readonly createdAt: number;
  readonly tags: Tags;
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export interface Instance extends Resource {
  state: InstanceState;
  stateReason?: { readonly code: string; readonly message: string };
  transitionReason: string;
  startedAt: number;
  readonly image: Image;
  instanceType: string;
  readonly zone: string;
  readonly subnetId: string;
  readonly vpcId: string;
  groups: { readonly id: string; readonly name: string }[];
  readonly address: string;
  readonly isPublic: boolean;
  readonly keyName?: string;
  readonly profile?: { readonly arn: string; readonly id: string; readonly name: string };
  userData?: string;
  readonly rootDeviceName: string;
  readonly volumes: Volume[];
  readonly interfaceId: string;
  readonly interfaceTags: Tags;
  readonly reservationId: string;
  readonly clientToken: string;
  readonly launchIndex: number;
  readonly spotRequestId?: string;
  readonly spotRequestTags?: Tags;
  spotCancelled?: boolean;
  readonly metadata: { httpTokens: string; hopLimit: number; httpEndpoint: string; instanceTags: string };
  shutdownBehavior: 'stop' | 'terminate';
  ebsOptimized: boolean;
  enaSupport: boolean;
  protected: boolean;
  impaired: boolean;
  terminatedAt?: number;
  machine?: CloudMachine;
  /** Settles when the machine was started, or could not be. */
  launched: Promise<void>;
}

export interface Volume extends Resource {
  state: 'creating' | 'available' | 'in-use' | 'deleted';
  readonly size: number;
  readonly volumeType: string;
  readonly iops?: number;
  readonly throughput?: number;
  readonly encrypted: boolean;
  readonly kmsKeyId?: string;
  readonly snapshotId?: string;
  readonly zone: string;
  attachment?: { readonly instance: Instance; readonly device: string; deleteOnTermination: boolean; readonly at: number };
  /** Of a volume that no machine has. */
  disk?: CloudDisk;
}

export interface Snapshot extends Resource {
  state: 'pending' | 'completed' | 'error';
  stateMessage?: string;
  readonly volumeId: string;
  readonly size: number;
  readonly description: string;
  readonly encrypted: boolean;
  readonly kmsKeyId?: string;
  /** Account IDs, or `all`. */
  readonly permissions: Set<string>;
  readonly readyAt: number;
  disk?: CloudDisk;
}

export interface DeviceMapping {
  readonly deviceName: string;
  readonly virtualName?: string;
  readonly ebs?: {
    readonly snapshotId?: string;
    readonly size: number;
    readonly volumeType: string;
    readonly iops?: number;
    readonly throughput?: number;
    readonly encrypted: boolean;
    readonly deleteOnTermination: boolean;
  };
}

export type LaunchPermission =
  | { readonly userId: string } | { readonly group: string } | { readonly organizationArn: string } | { readonly organizationalUnitArn: string };

export interface Image extends Resource {
  readonly name: string;
  description?: string;
  state: 'pending' | 'available' | 'failed' | 'deregistered';
  stateReason?: { readonly code: string; readonly message: string };
  readonly ownerAlias?: string;
  readonly creationDate: string;
  readonly architecture: string;
  readonly platform?: string;
  readonly bootMode?: string;
  readonly tpmSupport?: string;
  imdsSupport?: string;
  readonly enaSupport: boolean;
  readonly sriovNetSupport?: string;
  readonly rootDeviceName?: string;
  readonly rootDeviceType: string;
  readonly virtualizationType: string;
  readonly hypervisor: string;
  deprecationTime?: string;
  /** Milliseconds since the epoch until which it cannot be deregistered though its protection was taken away. */
  cooldownUntil?: number;
  protection: 'disabled' | 'enabled-without-cooldown' | 'enabled-with-cooldown';
  readonly sourceInstanceId?: string;
  readonly sourceImageId?: string;
  readonly sourceImageRegion?: string;
  readonly mappings: readonly DeviceMapping[];
  permissions: LaunchPermission[];
  readonly system: CloudSystem;
  readonly loginUser: string;
  /** Machines started from it have the agent of Systems Manager. */
  readonly hasAgent: boolean;
}

export interface KeyPair extends Resource {
  readonly name: string;
  readonly publicKey: string;
  readonly fingerprint: string;
  readonly keyType: 'rsa' | 'ed25519';
}

export function isPublic(image: Image): boolean {
  return image.permissions.some((permission) => 'group' in permission && permission.group === 'all');
}

/** Whether an account may see and launch an image. */
export function mayUse(account: string, image: Image): boolean {
  return image.owner === account || image.permissions.some((permission) => (
    ('group' in permission && permission.group === 'all') || ('userId' in permission && permission.userId === account)
  ));
}
