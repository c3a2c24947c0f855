import { GoldenError } from '../errors';
import type { PhaseTime } from './build-context';
import type { CheckSummary } from './checks';
import type { InstructionResult } from './instruction-result';
import { demandShape, PROVISIONED_SHAPE, RECORD, STARTED, type Shape } from './record-shape';
import { damagedFile } from '../plan/json-syntax';
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

/** Reads what a build recorded. Errors: `damaged-file`. */
export async function readBuildRecord(state: StateStore, buildId: string): Promise<BuildRecord> {
  const records = await state.readJournal(buildId);
  const place = (index: number) => () => state.recordPlace(buildId, index);
  for (const [index, record] of records.entries()) { await demandShape(RECORD, record, place(index)); }
  const detailOf = async (shape: Shape, type: JournalRecord['type'], act?: string): Promise<unknown> => {
    const index = records.findIndex((record) => record.type === type && record.act === act);
    if (index < 0) { return undefined; }
    const { detail } = records[index];
    await demandShape(shape, detail, place(index));
    return detail;
  };
  const started = await detailOf(STARTED, 'started') as StartRecord | undefined;
  if (!started && records.length > 0) { throw damagedFile('it does not say what was begun', await state.recordPlace(buildId, 0)); }
  return {
    buildId,
    begunAt: records[0]?.time,
    started,
    provisioned: await detailOf(PROVISIONED_SHAPE, 'done', PROVISIONED) as Provisioned | undefined,
    kept: records.some(({ type, act }) => type === 'event' && act === KEPT),
    intents: records.filter(({ type }) => type === 'intent').map(({ act = '', detail = {} }) => ({ act, detail })),
  };
}

/**
 * What unfinished builds recorded, the newest first; those that run are among them. One whose records are damaged does not keep
 * anybody from the others.
 * @param onDamaged told of each such build; by default it is an error
 */
export async function unfinishedBuilds(state: StateStore, onDamaged: (error: GoldenError) => void = rethrow): Promise<readonly BuildRecord[]> {
  const builds = await Promise.all((await state.unfinished()).map((buildId) => readBuildRecord(state, buildId).catch((error: unknown) => {
    if (!GoldenError.is(error) || error.code !== 'damaged-file') { throw error; }
    onDamaged(new GoldenError(error.code, error.message, {
      position: error.position,
      cause: error,
      hint: `What the build ${buildId} left is not found by its records. Remove them when you have looked: ${state.journalPlace(buildId)}`,
    }));
    return undefined;
  })));
  return builds.filter((build) => build !== undefined);
}

function rethrow(error: GoldenError): never {
  throw error;
}
