import { readFileSync, readlinkSync } from 'fs';
import { hostname } from 'os';

/** Tells a process from all others, also from a later one with its number. */
export interface ProcessIdentity {
  readonly pid: number;
  /** When it started, in ticks since the boot; 0 where that cannot be told. */
  readonly started: number;
  /** The running kernel and the namespace that its number is of: two that have the same see the same processes. */
  readonly system: string;
}

/** The process that we are. */
export function thisProcess(): ProcessIdentity {
  return { pid: process.pid, started: processStart(process.pid) ?? 0, system: thisSystem() };
}

/** Whether a process has not ended. Undefined: that cannot be told from here. */
export function isAlive({ pid, started, system }: ProcessIdentity): boolean | undefined {
  if (system !== thisSystem()) { return undefined; }
  const now = processStart(pid);
  if (now !== undefined && started !== 0) { return now === started; }
  // Without /proc, or where others' processes are hidden in it, only that there is none is certain.
  return now === undefined && !canBeSignalled(pid) ? false : undefined;
}

/** Undefined: there is none, or it cannot be seen. */
function processStart(pid: number): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name of the program is in parentheses, and may hold anything; a dead process that nobody reaped is dead.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? -1 : Number(fields[19]);
  } catch {
    return undefined;
  }
}

function canBeSignalled(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== 'ESRCH';
  }
}

function thisSystem(): string {
  try {
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}
