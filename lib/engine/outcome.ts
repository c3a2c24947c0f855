import { GoldenError } from '../errors';
import type { Redaction } from './redact';
import type { ArtifactSummary, BuildOutcome } from '../ports/events';
import type { Artifact } from '../ports/host';

/** What the outcome of a build says of its artifact. */
export function summaryOf({ id, files }: Artifact): ArtifactSummary {
  return { id, files: files.map(({ name, bytes, sha256 }) => ({ name, bytes, sha256 })) };
}

/** What the outcome of a build says of an error, without secrets. */
export function describeError(error: unknown, redaction: Redaction): NonNullable<BuildOutcome['error']> {
  const { code, kind, message, hint, path } = asGoldenError(error);
  return { code, kind, message: redaction.text(message), hint: hint === undefined ? undefined : redaction.text(hint), path };
}

/** Errors of the system become ours where there is something to say about them; the rest are faults of golden itself. */
function asGoldenError(error: unknown): GoldenError {
  if (GoldenError.is(error)) { return error; }
  const { code, message, syscall } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GoldenError('disk-full', `The disk of this machine is full: ${message}`, { hint: 'Free some space, or set GOLDEN_HOME or --output to a folder on a larger disk.' });
  }
  // Of folders within folders on what is read-only, Node says that there is none.
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM' || (code === 'ENOENT' && syscall === 'mkdir')) {
    return new GoldenError('no-permission', message, {
      hint: 'Run the command as a user who may write there, or name folders that may be written to: GOLDEN_HOME for the state, --output for the images.',
    });
  }
  // What else the operating system refuses is no fault of ours.
  if (error instanceof Error && 'syscall' in error) { return new GoldenError('system-error', message, { hint: 'Look at the disk and the file that it names.' }); }
  return new GoldenError('internal', error instanceof Error ? error.stack ?? error.message : String(error), { kind: 'internal' });
}
