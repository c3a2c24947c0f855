import type { Fault } from './cloud/faults';
import type { LoggedCall } from './cloud/server';
import type { BuildOutcome } from '../../lib/ports/events';

/** Where one image is built: its plan, and the folders of who builds it. */
export interface FaultPlace {
  readonly planFile: string;
  readonly stateFolder: string;
  readonly outputFolder: string;
  readonly bootTest: boolean;
}

/** What a lane is asked for. */
export type FaultQuestion =
  /** Forgets everything: nobody has ever built anything in the account. */
  | { readonly ask: 'reset' }
  /** Builds, and meets a fault on the way. */
  | { readonly ask: 'build'; readonly place: FaultPlace; readonly fault?: Fault }
  /** What a user does after a build that did not end well: finish it, or remove what it left. */
  | { readonly ask: 'settle'; readonly place: FaultPlace; readonly by: 'resume' | 'gc' }
  /** Looks at what there is. */
  | { readonly ask: 'look'; readonly place: FaultPlace };

export interface BuildAnswer {
  readonly outcome: BuildOutcome;
  /** Of everybody, in the order of their answers. */
  readonly calls: readonly LoggedCall[];
}

export interface SettleAnswer {
  /** Absent: nothing was built. */
  readonly outcome?: BuildOutcome;
  /** Of a build that had recorded that it began, and not that it ended. */
  readonly hadRemains: boolean;
}

/** What there is of an image, after everything has ended. */
export interface FaultView {
  /** Published in every region of the plan, each named by its parameter. */
  readonly images: number;
  /** What is published in part, or not as it should be. */
  readonly wrong: readonly string[];
  /** What should not be there: in the account and on this computer. */
  readonly left: readonly string[];
}

/** What a lane answers to each question. */
export interface FaultAnswers {
  readonly reset: true;
  readonly build: BuildAnswer;
  readonly settle: SettleAnswer;
  readonly look: FaultView;
}
