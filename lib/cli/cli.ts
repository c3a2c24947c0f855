import { CommanderError } from 'commander';
import { EXIT_CODES } from './exit-codes';
import { reportFailure } from './failure';
import { makeProgram } from './program';
import type { Surroundings } from './surroundings';

/** Runs one command line, and returns its exit code. Throws nothing. */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  let exitCode: number = EXIT_CODES.success;
  try {
    await makeProgram(surroundings, (code) => { exitCode = code; }).parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    // It has printed its message, or the help that was asked for, already.
    if (error instanceof CommanderError) { return error.exitCode === 0 ? EXIT_CODES.success : EXIT_CODES.usage; }
    return reportFailure(error, surroundings, argv);
  }
}
