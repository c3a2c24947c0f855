import { rm } from 'fs/promises';
import { buildFolder, isFinished, JournalFile, journalPath, readJournal, recordedBuilds } from './journal-file';
import { LockFile, lockOwner } from './lock-file';
import type { Clock } from '../ports/clock';
import type { StateStore } from '../ports/state';

/** Records and locks in a folder of this computer: for all builds of it, and no others. */
export function stateInFolder(folder: string, clock: Clock): StateStore {
  return {
    description: folder,
    openJournal: (buildId) => new JournalFile(folder, buildId, clock),
    builds: () => recordedBuilds(folder),
    unfinished: async () => {
      const builds = await recordedBuilds(folder);
      const finished = await Promise.all(builds.map((buildId) => isFinished(folder, buildId)));
      return builds.filter((_, i) => !finished[i]);
    },
    readJournal: (buildId) => readJournal(folder, buildId),
    journalPlace: (buildId) => journalPath(folder, buildId),
    recordPlace: async (buildId, index) => ({ file: journalPath(folder, buildId), line: index + 1 }),
    removeJournal: (buildId) => rm(buildFolder(folder, buildId), { recursive: true, force: true }),
    acquireLock: (key, options) => LockFile.acquire(folder, key, options),
    lockOwner: (key) => lockOwner(folder, key, clock),
  };
}
