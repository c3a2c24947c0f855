import type { LateValue } from './values';

/** How the image is built: nothing here changes what it is. */
export interface Builder {
  /** The preferred one first; the next where the account has no capacity for it. */
  readonly instanceTypes: readonly string[];
  readonly communicator: CommunicatorSpec;
  /** Take a checkpoint after the instructions at these indexes, counted from 0. */
  readonly checkpoints: readonly number[];
  readonly network: NetworkSpec;
  /** Name or ARN. Absent: a managed one with the minimum policy where the communicator is ssm, else none. */
  readonly instanceProfile?: LateValue;
  readonly placement?: PlacementSpec;
  /** Absent: on-demand. */
  readonly spot?: SpotSpec;
  /** Tags of all that exists only during the build, beside ours. */
  readonly tags: { readonly [key: string]: string };
  /** Whether provisioning waits until cloud-init has finished. */
  readonly waitForCloudInit: boolean;
  /**
   * The machine ends itself where it was not heard of for so long.
   * @minimum 5
   */
  readonly leaseMinutes: number;
}

/** Where in the account the machine stands. Empty: the subnet of the default VPC with the most free addresses. */
export interface NetworkSpec {
  readonly vpc?: LateValue;
  /** The preferred one first; the next where there is no capacity in it. Absent: the one of the VPC with the most free addresses. */
  readonly subnets?: readonly LateValue[];
  /** Filters of DescribeSubnets; of those that match, the one with the most free addresses. */
  readonly subnetFilters?: { readonly [name: string]: readonly string[] };
  /** Absent: a managed one without inbound rules for ssm, one of this build with the caller's address for ssh. */
  readonly securityGroups?: readonly LateValue[];
  /** Filters of DescribeSecurityGroups; all that match are used. */
  readonly securityGroupFilters?: { readonly [name: string]: readonly string[] };
  /** Absent: as the subnet says. */
  readonly publicIp?: boolean;
}

export interface PlacementSpec {
  readonly availabilityZone?: string;
  readonly tenancy?: 'default' | 'dedicated' | 'host';
  readonly hostId?: string;
  readonly groupName?: string;
}

/** Spot capacity, and on-demand where there is none. */
export interface SpotSpec {
  /** US dollars an hour, such as `0.05`. Absent: the on-demand price. */
  readonly maxPrice?: string;
}

/**
 * How bytes reach the machine, on a host that leaves the choice.
 * @discriminator type
 */
export type CommunicatorSpec = SsmCommunicatorSpec | SshCommunicatorSpec;

export interface SsmCommunicatorSpec {
  readonly type: 'ssm';
}

export interface SshCommunicatorSpec {
  readonly type: 'ssh';
  /** Absent: the user of the source. */
  readonly user?: string;
  readonly port: number;
  /** How the port is reached: `session-manager` opens none. */
  readonly via: 'public-address' | 'private-address' | 'session-manager';
  /** A host that is logged in to first, and leads on to the machine. */
  readonly bastion?: BastionSpec;
  /** Absent: a key that exists only in memory. */
  readonly key?: SshKeySpec;
}

export interface BastionSpec {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Its public host key, as in known_hosts: `ssh-ed25519 AAAA...`. No other is spoken to. */
  readonly hostKey: string;
  readonly key?: SshKeySpec;
}

/**
 * A key that the caller has.
 * @discriminator type
 */
export type SshKeySpec = SshKeyFile | SshKeyAgent;

export interface SshKeyFile {
  readonly type: 'file';
  /** Path of a private key without a passphrase. A relative one begins at the folder of the plan's file; `~/` is the home folder. */
  readonly path: string;
  /** Name of the EC2 key pair that it is of. Absent: its public half is given to the machine by user-data. */
  readonly keyPairName?: string;
}

export interface SshKeyAgent {
  readonly type: 'agent';
  readonly keyPairName?: string;
  /** Public key to use of those that the agent has, `ssh-ed25519 AAAA...`. Absent: the first. */
  readonly publicKey?: string;
}
