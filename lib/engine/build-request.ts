import type { Plan } from '../plan/model';
import type { Clock } from '../ports/clock';
import type { CommunicatorFactory } from '../ports/communicator';
import type { EventSink } from '../ports/events';
import type { Host } from '../ports/host';
import type { LocalRunner } from '../ports/local-runner';
import type { Operator } from '../ports/operator';
import type { StateStore } from '../ports/state';
import type { ValueSource } from '../ports/values';

/** One plan to be built, and all that the engine needs of the world to do it. */
export interface BuildRequest {
  readonly plan: Plan;
  /** Path of the plan's file; its assets lie beside it. */
  readonly planFile: string;
  readonly host: Host;
  /** Build key of the image it starts from, where that was built before it in the same run. @default the newest artifact */
  readonly parentKey?: string;
  /** Build of what the source is now, not of what it was when the definition was first built. @default false */
  readonly newerSource?: boolean;
  /** `bootTest` reaches the machine that was started from what was captured; absent: as for provisioning. */
  readonly communicators: { readonly provision: CommunicatorFactory; readonly bootTest?: CommunicatorFactory };
  readonly values: ValueSource;
  /** Runs `local` instructions. */
  readonly local: LocalRunner;
  /** Keeps journals and locks. */
  readonly state: StateStore;
  /** Where histories and the salt of fingerprints are kept. */
  readonly stateFolder: string;
  /** `get` instructions put what they fetch into `<outputFolder>/<image>/files`. */
  readonly outputFolder: string;
  readonly clock: Clock;
  readonly report: EventSink;
  /** Where whoever gets the events is far behind: resolves when that is over. Machines are not read before. @default nobody is ever behind */
  readonly caughtUp?: () => Promise<void> | undefined;
  readonly signal: AbortSignal;
  /** False: neither layers nor an existing artifact are used; what is built is saved all the same. */
  readonly useCache: boolean;
  /** Start what was captured and run the checks again before it is published. */
  readonly bootTest: boolean;
  /** `abort`: leave the machine of a failed build running, and say how to reach and remove it. */
  readonly onError: 'cleanup' | 'abort';
  /** Who decides what becomes of failures, and stops between instructions. Absent: nobody watches. */
  readonly operator?: Operator;
  readonly toolVersion: string;
  /** ID of a build that was killed, and that this one finishes. Throws `inputs-changed` where it would build something else now. */
  readonly resumes?: { readonly buildId: string; readonly buildKey: string };
  /** What is recorded of how the build was asked for, so that it can be asked for again. Nothing secret. */
  readonly asked?: { readonly [name: string]: unknown };
}
