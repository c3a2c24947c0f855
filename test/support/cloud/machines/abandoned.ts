import { readdir } from 'fs/promises';
import { join } from 'path';
import { removeFolder } from '../../../../lib/hosts/sandbox/folder-removal';
import { endProcessesOf } from '../../../../lib/hosts/sandbox/orphans';
import { draftOwner, isRunning } from '../../../../lib/hosts/sandbox/owner';

/** Removes the machines and disks of providers that were killed, with what still works on them. */
export async function removeAbandoned(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    const owner = draftOwner(name);
    if (!owner || isRunning(owner)) { continue; }
    await endProcessesOf(join(folder, name));
    await removeFolder(join(folder, name));
  }
}
