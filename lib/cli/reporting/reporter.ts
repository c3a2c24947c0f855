import type { BuildEvent, EventContext } from '../../ports/events';

/** One thing that happened, when, and to which image: what `--json` prints, one a line. */
export type TimedEvent = EventContext & BuildEvent;

/** Shows what builds do, as it happens. */
export interface Reporter {
  report(event: TimedEvent): void;
  /** Where much of what it shows is not read yet: resolves when it is. */
  caughtUp?(): Promise<void> | undefined;
  /** Writes nothing while somebody is asked something. Returns what lets it go on, with all that came meanwhile. */
  pause?(): () => void;
  /** All builds have ended. */
  finish(): void;
}
