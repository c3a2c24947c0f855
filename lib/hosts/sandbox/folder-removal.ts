import { readFile, rm } from 'fs/promises';
import { asRoot, isRoot } from './user-namespace';
import { GoldenError } from '../../errors';
import { output, run } from '../../process';

const UNMOUNT_MS = 30_000;
const REMOVE_MS = 600_000;

/**
 * Removes a folder and all that is in it, files that somebody made immutable with chattr(1) included.
 * Whatever is mounted in it is unmounted first: it belongs to somebody else, and might be a part of this host.
 */
export async function removeFolder(folder: string): Promise<void> {
  for (const mount of await mountsBelow(folder)) { await unmount(mount); }
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'EPERM' && code !== 'EACCES') { throw error; }
    if (!isRoot()) {
      // What belongs to the users of a machine is removed by their root.
      await output(asRoot(['rm', '-rf', '--', folder]), { timeoutMs: REMOVE_MS });
      return;
    }
    await run(['chattr', '-R', '-f', '-i', '-a', folder], { timeoutMs: 60_000 });
    await rm(folder, { recursive: true, force: true });
  }
}

/** Takes a mount away, even where something of it is still in use. Errors: `unmount-failed`. */
export async function unmount(path: string): Promise<void> {
  const plain = await run(['umount', path], { timeoutMs: UNMOUNT_MS });
  if (plain.exitCode === 0) { return; }
  const lazy = await run(['umount', '--lazy', path], { timeoutMs: UNMOUNT_MS });
  if (lazy.exitCode !== 0) {
    throw new GoldenError('unmount-failed', `${path} could not be unmounted: ${lazy.stderr.toString().trim()}`, {
      hint: 'Find out with fuser(1) what uses it, end that, and run `golden gc`.',
    });
  }
}

/** Mount points in a folder, the innermost first. */
async function mountsBelow(folder: string): Promise<string[]> {
  const lines = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n');
  return lines.map((line) => unescapeMount(line.split(' ')[4] ?? '')).filter((path) => path.startsWith(`${folder}/`)).reverse();
}

/** The kernel writes spaces and the like as octal numbers. */
function unescapeMount(path: string): string {
  return path.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
