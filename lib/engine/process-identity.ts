import { readFileSync } from 'fs';

/** When a process of this machine started, in ticks since boot: tells it from a later one with its number. Undefined: there is none. */
export function processStart(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program is in parentheses, and may hold anything; a dead process that nobody reaped is dead.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : Number(fields[19]);
  } catch {
    return undefined;
  }
}
