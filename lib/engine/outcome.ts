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
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GoldenError('disk-full', `The disk of this machine is full: ${message}`, { hint: 'Free some space, or set GOLDEN_HOME or --output to a folder on a larger disk.' });
  }
  if (code === 'EACCES' || code === 'EROFS' || code === 'EPERM') {
    return new GoldenError('no-permission', message, { hint: 'Run the command as a user who may write there.' });
  }
  return new GoldenError('internal', error instanceof Error ? error.stack ?? error.message : String(error), { kind: 'internal' });
}
