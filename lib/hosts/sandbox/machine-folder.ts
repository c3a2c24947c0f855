import { chmod, mkdir, readdir, readFile, rename, rmdir, writeFile } from 'fs/promises';
import { join } from 'path';
import { removeFolder } from './folder-removal';
import { endProcessesOf } from './orphans';
import { draftName, thisOwner, type Owner } from './owner';
import type { SandboxFolder } from './sandbox-folder';

const CGROUP_ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'];
const CGROUP_MS = 1_000;

/** Makes the folder of a machine: it appears under its name only together with the record of whose it is. */
export async function makeMachineFolder(folder: SandboxFolder, id: string, subfolders: readonly string[]): Promise<void> {
  const draft = join(folder.machines, draftName());
  await mkdir(draft, { recursive: true, mode: 0o700 });
  await writeFile(join(draft, 'machine.json'), `${JSON.stringify({ id, owner: thisOwner() })}\n`);
  for (const name of subfolders) {
    await mkdir(join(draft, name));
    // The machine's own root folder gets the mode of one of these, whatever our umask is.
    await chmod(join(draft, name), 0o755);
  }
  await rename(draft, folder.machine(id));
}

/** Whose machine it is; undefined: it cannot be told any more. */
export async function machineOwner(folder: SandboxFolder, id: string): Promise<Owner | undefined> {
  const text = await readFile(join(folder.machine(id), 'machine.json'), 'utf8').catch(() => '');
  try { return (JSON.parse(text) as { owner: Owner }).owner; } catch { return undefined; }
}

/** Ends whatever is left of a machine, and removes its mounts, cgroups and folder. */
export async function discardMachine(folder: SandboxFolder, id: string): Promise<void> {
  const path = folder.machine(id);
  await endProcessesOf(path);
  for (const root of CGROUP_ROOTS) { await removeCgroup(join(root, `golden-${id}`)); }
  await removeFolder(path);
}

/** The folders of a cgroup go from the inside out; the kernel may need a moment after the last process has ended. */
async function removeCgroup(path: string): Promise<void> {
  const deadline = Date.now() + CGROUP_MS;
  for (;;) {
    const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
    await Promise.all(entries.filter((entry) => entry.isDirectory()).map((entry) => removeCgroup(join(path, entry.name))));
    const error = await rmdir(path).then(() => undefined, ({ code }: NodeJS.ErrnoException) => code);
    // An empty cgroup that stays takes nothing.
    if (error !== 'EBUSY' || Date.now() > deadline) { return; }
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
