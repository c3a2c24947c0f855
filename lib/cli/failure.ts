import { EXIT_CODES, exitCodeOf } from './exit-codes';
import { recordFault } from './fault-log';
import { formatFault, GoldenError, type FailureKind } from '../errors';
import { harmlessText } from './reporting/terminal-text';
import type { Surroundings } from './surroundings';

/** Says what went wrong, in the words of its error, and returns the exit code. Only a fault of ours leaves a stack trace, and that in a file. */
export function reportFailure(error: unknown, surroundings: Surroundings, argv: readonly string[]): number {
  const kind = kindOf(error, surroundings);
  if (kind === 'interrupted') {
    surroundings.stderr.write('Interrupted.\n');
  } else if (kind === 'internal') {
    const where = recordFault([`golden ${argv.join(' ')}`, ...stacksOf(error)], surroundings);
    surroundings.stderr.write(harmlessText(`error: golden met a fault of its own: ${messageOf(error)}\n    ${where}\n`));
  } else {
    surroundings.stderr.write(harmlessText(`error: ${GoldenError.is(error) ? formatFault(error) : `${messageOf(error)}${hintOf(error)}`}\n`));
  }
  return EXIT_CODES[kind];
}

/** Says of what could not be read, so that it was left out, and returns the exit code that it calls for. */
export function reportLeftOut(errors: readonly GoldenError[], { stderr }: Surroundings): number {
  errors.forEach((error) => stderr.write(harmlessText(`error: ${formatFault(error)}\n`)));
  return exitCodeOf(errors.map(({ kind }) => kind));
}

function kindOf(error: unknown, { signal }: Surroundings): FailureKind {
  if (signal.aborted) { return 'interrupted'; }
  if (GoldenError.is(error)) { return error.kind; }
  // What the operating system refuses: no space, no right, no such file.
  return error instanceof Error && 'syscall' in error ? 'environment' : 'internal';
}

/** What to do about what the operating system refused. */
function hintOf(error: unknown): string {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') { return '\n    Free some space, or set GOLDEN_HOME, TMPDIR or --output to a folder on a larger disk.'; }
  if (code !== 'EACCES' && code !== 'EROFS' && code !== 'EPERM' && !(code === 'ENOENT' && syscall === 'mkdir')) { return ''; }
  return '\n    Name folders that may be written to: GOLDEN_HOME for the state, TMPDIR for what is temporary, --output for the images, --assembly-output for the assembly.';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function stacksOf(error: unknown): string[] {
  const stacks: string[] = [];
  for (let each = error; each !== undefined && stacks.length < 10; each = each instanceof Error ? each.cause : undefined) {
    stacks.push(each instanceof Error ? each.stack ?? each.message : String(each));
  }
  return stacks;
}
