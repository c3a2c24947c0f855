import { allProcesses, argumentsOf, findProcess } from './process-table';

/** The programs that we start for machines, bases, layers and artifacts, as the kernel abbreviates them. */
const PROGRAMS = new RegExp(`^(${[
  'unshare', 'nsenter', 'setpriv', 'sh', 'systemd-nspawn', 'slirp4netns', 'qemu-system-.*', 'qemu-img', 'mmdebstrap', 'tar', 'cp', 'sync', 'umount',
  'du', 'sgdisk', 'mke2fs', 'grub-mkimage',
].join('|')})$`);
const BURIAL_MS = 10_000;

/**
 * Ends what still works on a folder of ours. Its name is random, so whoever got it as an argument works for nobody else;
 * and it is found even where the one who started it had no time to note it down.
 */
export async function endProcessesOf(folder: string): Promise<void> {
  const mine = allProcesses().filter(({ pid, name }) => PROGRAMS.test(name) && argumentsOf(pid).some((word) => word.includes(folder)));
  mine.forEach(({ pid }) => {
    // We start each in a process group of its own; what it started itself goes with it.
    [-pid, pid].forEach(kill);
  });
  const deadline = Date.now() + BURIAL_MS;
  while (Date.now() < deadline && mine.some(({ pid, started }) => findProcess(pid)?.started === started)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

function kill(pid: number): void {
  try { process.kill(pid, 'SIGKILL'); } catch { /* it ended meanwhile, or is no group */ }
}
