import type { Output } from '../surroundings';
import type { Reporter } from './reporter';

/** One event a line, for programs. */
export function jsonReporter(output: Output): Reporter {
  return {
    report: (event) => output.write(`${JSON.stringify(event)}\n`),
    caughtUp: () => output.caughtUp?.(),
    finish: () => { /* the last build.finished says it all */ },
  };
}
