import type { EventSink } from '../ports/events';
import type { Journal, JournalRecord } from '../ports/journal';
import type { StateStore } from '../ports/state';

/** A record takes milliseconds to be durable. One that takes that long holds up whatever it is written before. */
const SLOW_MS = 3_000;

/** A journal that says once where it waits for what its records are kept on, while it does. */
export function tellingSlowness(journal: Journal, state: StateStore, stateFolder: string, report: EventSink): Journal {
  let told = false;
  const append = async (record: Omit<JournalRecord, 'sequence' | 'time'>): Promise<void> => {
    const timer = setTimeout(() => {
      if (told) { return; }
      told = true;
      report({ type: 'notice', level: 'warning', message: message(state, stateFolder) });
    }, SLOW_MS);
    try {
      await journal.append(record);
    } finally {
      clearTimeout(timer);
    }
  };
  return { buildId: journal.buildId, append, read: () => journal.read(), close: () => journal.close() };
}

function message({ description }: StateStore, stateFolder: string): string {
  const waits = `The build waits for more than ${SLOW_MS / 1000} s until a record of it is written to ${description}`;
  return description === stateFolder
    ? `${waits}: that disk is slow, or busy. Set GOLDEN_HOME to a folder on a faster disk of this computer, and look at what else writes to it`
    : `${waits}: look at the network between here and there`;
}
