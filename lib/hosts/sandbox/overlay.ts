import { mkdir, rm } from 'fs/promises';
import { join } from 'path';
import { GoldenError } from '../../errors';
import { output, run } from '../../process';

/**
 * Options that a machine's disk and every later view of it have to share. Folders of lower layers can be renamed, as on a
 * plain disk; nothing of a layer depends on where the one below it lies.
 */
const FEATURES = 'redirect_dir=on,metacopy=off,index=off';

/** Options of the overlay a machine runs on. `volatile`: it never syncs, since after a crash the machine is thrown away. */
export function machineOverlay(lowers: readonly string[], upper: string, work: string): string {
  return `lowerdir=${lowers.join(':')},upperdir=${upper},workdir=${work},volatile,${FEATURES}`;
}

/**
 * Shows the merged disk of a machine that has stopped, read-only, for as long as `act` runs.
 * @param cwd folder that `lowers` and `mountPoint` are relative to: long lists of long paths do not fit into a mount
 */
export async function withMergedDisk<T>(
  cwd: string, lowers: readonly string[], mountPoint: string, act: (root: string) => Promise<T>,
): Promise<T> {
  const root = join(cwd, mountPoint);
  await mkdir(root, { recursive: true });
  await output(
    ['mount', '-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${lowers.join(':')},redirect_dir=follow,metacopy=off,index=off`, mountPoint],
    { cwd, timeoutMs: 30_000 },
  );
  try {
    return await act(root);
  } finally {
    await unmount(root);
  }
}

/** Takes a mount away, even where something of it is still in use. */
export async function unmount(path: string): Promise<void> {
  const plain = await run(['umount', path], { timeoutMs: 30_000 });
  if (plain.exitCode === 0) { return; }
  const lazy = await run(['umount', '--lazy', path], { timeoutMs: 30_000 });
  if (lazy.exitCode !== 0) { throw new GoldenError('unmount-failed', `${path} could not be unmounted: ${lazy.stderr.toString().trim()}`); }
  await rm(path, { recursive: false, force: true }).catch(() => { /* an empty folder, removed with its machine */ });
}
