/** Runs commands where the engine itself runs. */
export interface LocalRunner {
  /** Runs a command to its end, and ends all of its group at the deadline or when the signal says so. An exit code is a result. */
  run(command: readonly [string, ...string[]], options: LocalRunOptions): Promise<{ readonly exitCode: number }>;
}

export interface LocalRunOptions {
  readonly workingDirectory: string;
  /** Added to the environment of the engine. */
  readonly environment: { readonly [name: string]: string };
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  readonly onOutput: (stream: 'stdout' | 'stderr', data: Buffer) => void;
}
