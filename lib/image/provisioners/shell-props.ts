import type { Duration } from 'aws-cdk-lib';
import type { ParameterRef } from '../parameter-ref';
import type { SecretRef } from '../secret-ref';

/** What to run, and how. Exactly one of `inline`, `script` and `scripts`. */
export interface ShellProps {
  /**
   * Lines of one script. A first line such as `#!/usr/bin/env python3` names its interpreter.
   *
   * @default - `script` or `scripts`
   */
  readonly inline?: string[];

  /**
   * Path of a script on the machine that synthesises. Its first line names its interpreter.
   *
   * @default - `inline` or `scripts`
   */
  readonly script?: string;

  /**
   * Paths of scripts on the machine that synthesises, run in this order, each by itself.
   *
   * @default - `inline` or `script`
   */
  readonly scripts?: string[];

  /**
   * Command that runs the script; it gets the path of the script as its next argument.
   *
   * @default - what the first line of the script says, else `['/bin/sh', '-e']`
   */
  readonly interpreter?: string[];

  /**
   * Arguments of the script. They are passed as they are; no shell reads them.
   *
   * @default - none
   */
  readonly arguments?: string[];

  /**
   * Environment variables.
   *
   * @default - none beyond what a login has
   */
  readonly environment?: { [variable: string]: string };

  /**
   * Environment variables whose values are known only when the image is built.
   *
   * @default - none
   */
  readonly parameters?: { [variable: string]: ParameterRef };

  /**
   * Environment variables with secrets. Nothing else of the build sees them.
   *
   * @default - none
   */
  readonly secrets?: { [variable: string]: SecretRef };

  /**
   * The user to run as.
   *
   * @default 'root'
   */
  readonly user?: string;

  /**
   * Folder to run in.
   *
   * @default - the user's home
   */
  readonly workingDirectory?: string;

  /**
   * How long one attempt may take.
   *
   * @default Duration.hours(1)
   */
  readonly timeout?: Duration;

  /**
   * How often it is started again after a failure.
   *
   * @default 0
   */
  readonly retries?: number;

  /**
   * Pause before the first retry; doubled before each further one.
   *
   * @default Duration.seconds(5)
   */
  readonly retryBackoff?: Duration;

  /**
   * Exit codes that mean success.
   *
   * @default [0]
   */
  readonly validExitCodes?: number[];

  /**
   * Whether the script may restart the machine or drop its connections. The build goes on when the machine is back.
   *
   * @default false
   */
  readonly expectDisconnect?: boolean;
}
