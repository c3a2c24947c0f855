import { existsSync } from 'fs';
import { readdir, rename } from 'fs/promises';
import { join } from 'path';
import { REPLACED_SUFFIX } from './artifact-store';
import { removeUnused } from './disk-use';
import { removeFolder } from './folder-removal';
import { discardMachine, machineOwner } from './machine-folder';
import { endProcessesOf } from './orphans';
import { draftOwner, isRunning } from './owner';
import type { SandboxFolder } from './sandbox-folder';

export interface GarbageOptions {
  /** Folders of images that lie elsewhere. @default none */
  readonly others?: readonly string[];
  /** Tells the machines that may go. @default all */
  readonly isMeant?: (machineId: string) => boolean;
}

/** Removes what processes that are gone left behind, and what was not used for long; nothing of a running one. Returns a line for each thing it removed. */
export async function collectGarbage(
  folder: SandboxFolder, outputFolder: string, { others = [], isMeant = () => true }: GarbageOptions = {},
): Promise<string[]> {
  const removed = await abandonedMachines(folder, isMeant);
  removed.push(...await abandonedDrafts(folder.machines, 'unfinished machine'));
  removed.push(...await abandonedDrafts(folder.bases, 'unfinished base'));
  removed.push(...await abandonedDrafts(folder.layers, 'unfinished layer'));
  const images = (await namesIn(outputFolder)).map((image) => join(outputFolder, image));
  for (const image of new Set([...images, ...others])) {
    removed.push(...await abandonedDrafts(image, 'unpublished artifact'));
    removed.push(...await replacedArtifacts(image));
  }
  removed.push(...await removeUnused(folder));
  return removed;
}

async function abandonedMachines(folder: SandboxFolder, isMeant: (id: string) => boolean): Promise<string[]> {
  const removed: string[] = [];
  for (const id of await namesIn(folder.machines)) {
    if (draftOwner(id) || !isMeant(id)) { continue; }
    const owner = await machineOwner(folder, id);
    if (owner && isRunning(owner)) { continue; }
    await discardMachine(folder, id);
    removed.push(`machine ${id}: its build is gone`);
  }
  return removed;
}

async function abandonedDrafts(folder: string, what: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await namesIn(folder)) {
    const owner = draftOwner(name);
    if (!owner || isRunning(owner)) { continue; }
    await endProcessesOf(join(folder, name));
    await removeFolder(join(folder, name));
    removed.push(`${what} ${join(folder, name)}`);
  }
  return removed;
}

/** Between two renames of a publication the process was killed: the old artifact comes back where there is no new one. */
async function replacedArtifacts(folder: string): Promise<string[]> {
  const removed: string[] = [];
  for (const name of await namesIn(folder)) {
    if (!name.startsWith('.') || !name.endsWith(REPLACED_SUFFIX)) { continue; }
    const final = join(folder, name.slice(1, -REPLACED_SUFFIX.length));
    if (existsSync(final)) {
      await removeFolder(join(folder, name));
      removed.push(`replaced artifact ${final}`);
    } else {
      await rename(join(folder, name), final);
    }
  }
  return removed;
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') { return []; }
    throw error;
  });
}
