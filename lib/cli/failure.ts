import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { EXIT_CODES } from './exit-codes';
import { formatFault, GoldenError, type FailureKind } from '../errors';
import type { Surroundings } from './surroundings';
import { VERSION } from './version';
import { stateFolder } from './wiring';

const ISSUES = 'https://github.com/cdk-golden-image/cdk-golden-image/issues';

/** Says what went wrong, in the words of its error, and returns the exit code. Only a fault of ours leaves a stack trace, and that in a file. */
export function reportFailure(error: unknown, surroundings: Surroundings, argv: readonly string[]): number {
  const kind = kindOf(error, surroundings);
  if (kind === 'interrupted') {
    surroundings.stderr.write('Interrupted.\n');
  } else if (kind === 'internal') {
    surroundings.stderr.write(`error: golden met a fault of its own: ${messageOf(error)}\n${whereToLook(error, surroundings, argv)}`);
  } else {
    surroundings.stderr.write(`error: ${GoldenError.is(error) ? formatFault(error) : messageOf(error)}\n`);
  }
  return EXIT_CODES[kind];
}

function kindOf(error: unknown, { signal }: Surroundings): FailureKind {
  if (signal.aborted) { return 'interrupted'; }
  if (GoldenError.is(error)) { return error.kind; }
  // What the operating system refuses: no space, no right, no such file.
  return error instanceof Error && 'syscall' in error ? 'environment' : 'internal';
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function whereToLook(error: unknown, surroundings: Surroundings, argv: readonly string[]): string {
  const time = new Date(surroundings.clock.now()).toISOString();
  const folder = join(stateFolder(surroundings.environment), 'faults');
  const file = join(folder, `${time.replace(/[:.]/g, '-')}.log`);
  const causes: string[] = [];
  for (let each = error; each !== undefined && causes.length < 10; each = each instanceof Error ? each.cause : undefined) {
    causes.push(each instanceof Error ? each.stack ?? each.message : String(each));
  }
  const details = [`golden ${VERSION}, Node ${process.version}, ${time}`, `golden ${argv.join(' ')}`, ...causes].join('\n\n');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    writeFileSync(file, `${details}\n`, { mode: 0o600 });
    return `    Details are in ${file}. Please report it with them: ${ISSUES}\n`;
  } catch {
    return `    Please report it: ${ISSUES}\n`;
  }
}
