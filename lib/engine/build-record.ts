import type { PhaseTime } from './build-context';
import type { CheckSummary } from './checks';
import type { InstructionResult } from './instruction-result';
import type { DeadBuild } from '../ports/host';
import type { JournalRecord } from '../ports/journal';
import type { StateStore } from '../ports/state';

/** How a build began: what its journal begins with. */
export interface StartRecord {
  readonly image: string;
  readonly definitionHash: string;
  readonly deliveryHash: string;
  readonly buildKey: string;
  readonly host: string;
  readonly source: string;
  /** Path of the plan's file. */
  readonly planFile: string;
  /** As the request says it. */
  readonly bootTest: boolean;
  readonly useCache: boolean;
  readonly parentKey?: string;
  readonly newerSource?: boolean;
  /** What whoever asked for the build needs to ask for it again. Nothing secret. */
  readonly asked?: { readonly [name: string]: unknown };
}

/** The machine that took over where a booted one was needed. */
export interface BootedUp {
  readonly machine: string;
  readonly communicator: string;
  /** Index of the first instruction that was executed on it; the number of all, where only checks were. */
  readonly from: number;
  /** What needed it. */
  readonly reason: string;
}

/** What is known of an image before it is captured, and nobody can find out later: most of its manifest. */
export interface Provisioned {
  readonly machine: string;
  readonly communicator: string;
  /** Where the machine was not booted: what was, for the instructions from one on. */
  readonly bootedUp?: BootedUp;
  /** No machine of it was booted: the image is not published before it was. */
  readonly unbooted?: boolean;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly phases: readonly PhaseTime[];
  readonly instructions: readonly InstructionResult[];
  readonly checks: { readonly provision: readonly CheckSummary[]; readonly final: readonly CheckSummary[] };
  readonly cleaned: readonly string[];
}

/** What the journal of an unfinished build says. */
export interface BuildRecord extends DeadBuild {
  /** ISO 8601, UTC. Absent: as `started`. */
  readonly begunAt?: string;
  /** Absent: it was killed before it began anything. */
  readonly started?: StartRecord;
  /** Absent: it did not get as far as to capture. */
  readonly provisioned?: Provisioned;
  /** Its machine was left to be looked at: it ended, and nobody goes on with it. */
  readonly kept: boolean;
}

/** The act under which `Provisioned` is recorded. */
export const PROVISIONED = 'provision';

/** The act under which a build records that it left its machine as it was. */
export const KEPT = 'kept';

/** Reads what a build recorded. */
export async function readBuildRecord(state: StateStore, buildId: string): Promise<BuildRecord> {
  const records = await state.readJournal(buildId);
  const detailOf = (type: JournalRecord['type'], act?: string) => records.find((record) => record.type === type && record.act === act)?.detail as unknown;
  return {
    buildId,
    begunAt: records[0]?.time,
    started: detailOf('started') as StartRecord | undefined,
    provisioned: detailOf('done', PROVISIONED) as Provisioned | undefined,
    kept: records.some(({ type, act }) => type === 'event' && act === KEPT),
    intents: records.filter(({ type }) => type === 'intent').map(({ act = '', detail = {} }) => ({ act, detail })),
  };
}

/** What unfinished builds recorded, the newest first; those that run are among them. */
export async function unfinishedBuilds(state: StateStore): Promise<readonly BuildRecord[]> {
  return Promise.all((await state.unfinished()).map((buildId) => readBuildRecord(state, buildId)));
}
