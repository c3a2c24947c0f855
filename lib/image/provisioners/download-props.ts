import type { Duration } from 'aws-cdk-lib';

/** What the machine itself downloads. */
export interface DownloadProps {
  /** An http or https URL. */
  readonly url: string;

  /** Digest of the file, in hex. Anything else never gets the file's name. */
  readonly sha256: string;

  /** Absolute path on the machine. With a trailing slash, a folder; the file gets the last part of the URL's path as its name. */
  readonly destination: string;

  /**
   * Owner: a name or a number.
   *
   * @default 'root'
   */
  readonly owner?: string;

  /**
   * Group: a name or a number.
   *
   * @default 'root'
   */
  readonly group?: string;

  /**
   * Mode, in octal.
   *
   * @default '0644'
   */
  readonly mode?: string;

  /**
   * How long one attempt may take.
   *
   * @default Duration.minutes(15)
   */
  readonly timeout?: Duration;

  /**
   * How often it is tried again after a failure.
   *
   * @default 2
   */
  readonly retries?: number;
}
