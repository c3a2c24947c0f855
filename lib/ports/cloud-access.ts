import type { Agent as HttpAgent } from 'http';
import type { Agent as HttpsAgent } from 'https';

/** A region of a cloud account, for all clients that are made for it. */
export interface CloudAccess {
  readonly region: string;
  /** Asked before each call that needs new ones; refreshes them where they are about to expire. */
  readonly credentials: () => Promise<CloudCredentials>;
  /** Has new credentials read, where those in use have ended before their time. */
  readonly refresh?: () => Promise<void>;
  /** What connections are made with. @default Node's own */
  readonly agents?: NetworkAgents;
}

/** Ways to other computers, that know of proxies and of certificates to trust. */
export interface NetworkAgents {
  readonly http: HttpAgent;
  readonly https: HttpsAgent;
}

export interface CloudCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  readonly expiration?: Date;
}
