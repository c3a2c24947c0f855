/** A region of a cloud account, for all clients that are made for it. */
export interface CloudAccess {
  readonly region: string;
  /** Asked before each call that needs new ones; refreshes them where they are about to expire. */
  readonly credentials: () => Promise<CloudCredentials>;
}

export interface CloudCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}
