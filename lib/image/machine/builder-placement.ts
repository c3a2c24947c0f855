/** On whose hardware a machine runs. */
export enum BuilderTenancy {
  /** On hardware shared with others. */
  DEFAULT = 'default',
  /** On hardware of this account only. */
  DEDICATED = 'dedicated',
  /** On a Dedicated Host of this account. */
  HOST = 'host',
}

/** Where in a region a machine stands, beyond its subnet. */
export interface BuilderPlacement {
  /**
   * The zone, such as `eu-west-1a`. Only subnets of it are used.
   *
   * @default - that of the subnet
   */
  readonly availabilityZone?: string;

  /**
   * On whose hardware it runs.
   *
   * @default - as the VPC says
   */
  readonly tenancy?: BuilderTenancy;

  /**
   * ID of the Dedicated Host, such as `h-0123456789abcdef0`. Only with `BuilderTenancy.HOST`.
   *
   * @default - any Dedicated Host that fits
   */
  readonly hostId?: string;

  /**
   * Name of a placement group.
   *
   * @default - in none
   */
  readonly placementGroupName?: string;
}
