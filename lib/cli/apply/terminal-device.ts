import { constants, openSync, writeSync } from 'fs';
import type { Output } from '../surroundings';

/** The terminal that this process was started from, whatever became of its output. Undefined: there is none. */
export function openTerminal(): Output | undefined {
  let device: number;
  try {
    device = openSync('/dev/tty', constants.O_WRONLY | constants.O_NOCTTY);
  } catch {
    return undefined;
  }
  return {
    write: (text) => {
      try {
        writeSync(device, text);
      } catch {
        // It was closed; the log has it.
      }
    },
  };
}
