import { chmod, mkdir, readdir, readFile, rename, rmdir, writeFile } from 'fs/promises';
import { join } from 'path';
import { removeFolder } from './folder-removal';
import { unmount } from './overlay';
import { draftName, thisOwner, type Owner } from './owner';
import { allProcesses, argumentsOf, findProcess } from './process-table';
import type { SandboxFolder } from './sandbox-folder';

/** The programs that a machine consists of on the host's side. */
const MACHINE_PROGRAMS = /^(unshare|sh|systemd-nspawn|slirp4netns|qemu-system-.*)$/;
const CGROUP_ROOTS = ['/sys/fs/cgroup', '/sys/fs/cgroup/systemd', '/sys/fs/cgroup/unified'];
const BURIAL_MS = 10_000;

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
  await endProcesses(path);
  for (const mount of await mountsBelow(path)) { await unmount(mount); }
  for (const root of CGROUP_ROOTS) { await removeCgroup(join(root, `golden-${id}`)); }
  await removeFolder(path);
}

/** Mount points in or below a folder, the innermost first. */
async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.map((line) => unescapeMount(line.split(' ')[4] ?? '')).filter((path) => path.startsWith(`${folder}/`)).reverse();
}

/** The kernel writes spaces and the like as octal numbers. */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}

/** Found by the folder they were started with, so that they are found even where nobody had the time to note them down. */
async function endProcesses(path: string): Promise<void> {
  const mine = allProcesses().filter(({ pid, name }) => MACHINE_PROGRAMS.test(name) && argumentsOf(pid).some((word) => word.includes(path)));
  for (const { pid } of mine) {
    try { process.kill(pid, 'SIGKILL'); } catch { /* it ended meanwhile */ }
  }
  const deadline = Date.now() + BURIAL_MS;
  while (Date.now() < deadline && mine.some(({ pid, started }) => findProcess(pid)?.started === started)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

/** A cgroup is empty as soon as its processes have ended; its folders go from the inside out. */
async function removeCgroup(path: string): Promise<void> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  for (const entry of entries) {
    if (entry.isDirectory()) { await removeCgroup(join(path, entry.name)); }
  }
  await rmdir(path).catch(() => { /* not there, or the kernel is not done with it: an empty cgroup takes nothing */ });
}
