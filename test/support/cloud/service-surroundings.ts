import type { RoleSessions } from './role-sessions';
import type { OpenPaths } from './service';

/** What a service that acts by itself may know of the rest of the cloud. */
export interface ServiceSurroundings {
  /** `http://localhost:<port>` */
  endpoint(): string;
  now(): number;
  /** Ends after so many milliseconds, or with the signal. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
  readonly roles: RoleSessions;
  readonly paths: OpenPaths;
}
