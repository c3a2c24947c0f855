import { readlinkSync } from 'fs';
import { allProcesses, findProcess, type ProcessEntry } from './process-table';
import { GoldenError } from '../../errors';

/** A process that keeps starting others faster than they can be stopped does not keep us for ever. */
const MAX_ROUNDS = 50;

/**
 * Runs `act` while no process of a machine runs: not its services, and not what entered it from outside either.
 * They go on afterwards, whatever `act` did, but for those that stood still before.
 * @param leader first process of the machine
 */
export async function whileFrozen<T>(leader: number, act: () => Promise<T>): Promise<T> {
  const stopped = new Map<number, ProcessEntry>();
  try {
    stopAll(leader, stopped);
    return await act();
  } finally {
    // Children first, as they were stopped last: a parent such as sudo that wakes to a child standing still stops itself, too.
    for (const { pid, started } of [...stopped.values()].reverse()) {
      if (findProcess(pid)?.started === started) { signal(pid, 'SIGCONT'); }
    }
  }
}

/** Until a round finds nothing new: a process may have started another one before its turn came. */
function stopAll(leader: number, stopped: Map<number, ProcessEntry>): void {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const running = processesOf(leader).filter(({ pid, state }) => !stopped.has(pid) && state !== 'T').sort(parentsFirst);
    if (running.length === 0) { return; }
    for (const process of running) {
      signal(process.pid, 'SIGSTOP');
      stopped.set(process.pid, process);
    }
  }
  throw new GoldenError('not-quiet', 'The machine keeps starting processes, so its disk cannot be saved', {
    hint: 'Look for a script or service that restarts itself in a loop.',
  });
}

/** Numbers of processes begin anew at some time; nobody starts before its parent. */
function parentsFirst(one: ProcessEntry, other: ProcessEntry): number {
  return one.started - other.started || one.pid - other.pid;
}

/** What runs in the PID namespace of the leader, or in one below it. */
function processesOf(leader: number): ProcessEntry[] {
  const namespace = pidNamespace(leader);
  const all = new Map(allProcesses().map((process) => [process.pid, process]));
  const isInside = (process: ProcessEntry | undefined): boolean =>
    process !== undefined && (pidNamespace(process.pid) === namespace || (process.parent !== 0 && isInside(all.get(process.parent))));
  return namespace === undefined ? [] : [...all.values()].filter(isInside);
}

function pidNamespace(pid: number): string | undefined {
  try { return readlinkSync(`/proc/${pid}/ns/pid`); } catch { return undefined; }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try { process.kill(pid, name); } catch { /* it ended meanwhile */ }
}
