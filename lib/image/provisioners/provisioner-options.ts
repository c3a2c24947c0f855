import type { Duration } from 'aws-cdk-lib';

/** How packages are installed. */
export interface PackagesOptions {
  /**
   * How long one attempt may take.
   *
   * @default Duration.minutes(30)
   */
  readonly timeout?: Duration;

  /**
   * How often it is tried again after a failure.
   *
   * @default 2
   */
  readonly retries?: number;
}

/** How the machine is restarted. */
export interface RebootOptions {
  /**
   * How long the machine may take until it takes commands again.
   *
   * @default Duration.minutes(10)
   */
  readonly timeout?: Duration;
}
