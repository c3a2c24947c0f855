import { mkdirSync, writeFileSync } from 'fs';
import { join } from 'path';
import { stateFolder } from './state-place';
import type { Surroundings } from './surroundings';
import { VERSION } from './version';

const ISSUES = 'https://github.com/cdk-golden-image/cdk-golden-image/issues';

/** Keeps the details of a fault of golden itself in a file, and returns what to tell the user. */
export function recordFault(details: readonly string[], surroundings: Surroundings): string {
  const time = new Date(surroundings.clock.now()).toISOString();
  const folder = join(stateFolder(surroundings.environment), 'faults');
  const file = join(folder, `${time.replace(/[:.]/g, '-')}.log`);
  const text = [`golden ${VERSION}, Node ${process.version}, ${time}`, ...details].join('\n\n');
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Two builds may meet a fault in the same millisecond.
    writeFileSync(file, `${text}\n\n`, { mode: 0o600, flag: 'a' });
    return `Details are in ${file}. Please report it with them: ${ISSUES}`;
  } catch {
    return `Please report it: ${ISSUES}`;
  }
}
