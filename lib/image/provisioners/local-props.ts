import type { Duration } from 'aws-cdk-lib';

/** What to run on the computer that builds, and how. */
export interface LocalProps {
  /**
   * The command and its arguments. No shell reads them; for a shell's syntax give `['sh', '-c', '...']`.
   * Another command is another image; other contents of a file that it names are not.
   */
  readonly command: string[];

  /**
   * Environment variables, beside all those that `golden` runs with.
   *
   * @default - none
   */
  readonly environment?: { [variable: string]: string };

  /**
   * How long it may take. After that it is ended, with all that it started, and the build fails.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;
}
