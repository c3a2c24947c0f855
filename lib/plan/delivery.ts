import type { LateValue } from './values';

/** Where the finished image goes. Its digest is the deliveryHash. */
export interface DeliverySpec {
  readonly name: string;
  readonly description?: string;
  /** Name of the parameter that an engine writes the AMI ID to; it carries the definitionHash. */
  readonly parameterName: string;
  /** Tags of the image and its snapshots. */
  readonly tags: { readonly [key: string]: string };
  readonly regions: readonly RegionSpec[];
  readonly encryption: EncryptionSpec;
  readonly sharing: SharingSpec;
  /** Where stacks of other accounts use the image. Absent: nowhere. */
  readonly consumers?: readonly ConsumerSpec[];
  /**
   * Days from its creation on after which the image is deprecated.
   * @minimum 1
   */
  readonly deprecateAfterDays?: number;
  readonly deregistrationProtection?: 'enabled' | 'enabled-with-cooldown';
  /** Whether instances of the image refuse IMDSv1 unless their launch says otherwise. */
  readonly imdsV2: boolean;
}

/** A region that the image is copied to. */
export interface RegionSpec {
  readonly region: string;
  /** KMS key of the copy. Absent: the default key of the account there. */
  readonly encryptionKey?: LateValue;
}

/** Encryption of the volumes, in the region that the image is built in, from their launch on. */
export interface EncryptionSpec {
  readonly encrypted: boolean;
  /** ID, alias or ARN of a KMS key. Absent: the default key of the account. */
  readonly key?: LateValue;
}

/** Who else may launch the image. */
export interface SharingSpec {
  readonly accounts: readonly string[];
  /** ARNs of organisations. */
  readonly organizations: readonly string[];
  /** ARNs of organisational units. */
  readonly organizationalUnits: readonly string[];
  /** Everybody. */
  readonly public: boolean;
  /** Whether the accounts may also use the snapshots, as for copies of their own. */
  readonly snapshots: boolean;
}

/** An account and region whose stacks use the image: its parameter is written there, too. */
export interface ConsumerSpec {
  /** @pattern ^[0-9]{12}$ */
  readonly account: string;
  readonly region: string;
  /** Name of the role of that account by which the parameter is written. */
  readonly roleName: string;
}
