import { allProcesses } from '../../lib/hosts/sandbox/process-table';
import type { Journal } from '../../lib/ports/journal';
import type { StateStore } from '../../lib/ports/state';

/** Where a process is killed. Records count from 1. */
export interface Kill {
  readonly record: number;
  /** `before`: the record was about to be written; `after`: as soon as it is durable; `later`: some time after that. */
  readonly when: 'before' | 'after' | 'later';
  readonly milliseconds?: number;
  /** All that the process started goes with it, as where a container ends. Otherwise it stays. */
  readonly family?: boolean;
}

/** How many records were written, of all journals. */
export const written = { records: 0 };

/** A state whose journals kill this process. */
export function mortalState(state: StateStore, kill: Kill | undefined): StateStore {
  return { ...state, openJournal: (buildId) => mortalJournal(state.openJournal(buildId), kill) };
}

function mortalJournal(journal: Journal, kill: Kill | undefined): Journal {
  return {
    buildId: journal.buildId,
    append: async (record) => {
      const isTheOne = ++written.records === kill?.record;
      if (isTheOne && kill.when === 'before') { die(kill); }
      await journal.append(record);
      if (isTheOne && kill.when === 'after') { die(kill); }
      if (isTheOne && kill.when === 'later') { setTimeout(() => die(kill), kill.milliseconds); }
    },
    read: () => journal.read(),
    close: () => journal.close(),
  };
}

function die({ family }: Kill): never {
  if (family) {
    // Stopped first, so that none starts another meanwhile.
    const ours = descendantsOf(process.pid);
    for (const signal of ['SIGSTOP', 'SIGKILL'] as const) { ours.forEach((pid) => send(pid, signal)); }
  }
  process.kill(process.pid, 'SIGKILL');
  for (;;) { /* not one instruction more */ }
}

function send(pid: number, signal: NodeJS.Signals): void {
  try { process.kill(pid, signal); } catch { /* it ended meanwhile */ }
}

function descendantsOf(pid: number): number[] {
  const all = allProcesses();
  const below = (parent: number): number[] => all.filter((each) => each.parent === parent).flatMap((each) => [each.pid, ...below(each.pid)]);
  return below(pid);
}
