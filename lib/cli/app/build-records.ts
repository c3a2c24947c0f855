import { readdirSync, rmSync, statSync } from 'fs';
import { join } from 'path';

/** How long the record of a build is kept. */
const KEPT_DAYS = 30;

/** Removes the records of builds that nothing was written to for a long time. Returns one line for each. */
export function removeOldRecords(stateFolder: string, now: number): string[] {
  const folder = join(stateFolder, 'builds');
  return buildsIn(folder).filter((build) => (now - lastWrite(join(folder, build))) / 86_400_000 > KEPT_DAYS).map((build) => {
    rmSync(join(folder, build), { recursive: true, force: true });
    return `record of the build ${build}, older than ${KEPT_DAYS} days`;
  });
}

function buildsIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function lastWrite(folder: string): number {
  const journal = statSync(join(folder, 'journal.jsonl'), { throwIfNoEntry: false }) ?? statSync(folder);
  return journal.mtimeMs;
}
