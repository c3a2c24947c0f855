import { mkdir } from 'fs/promises';
import { join } from 'path';
import { type DiskView, withMountedView } from './disk-view';
import { unmount } from './folder-removal';
import { isRoot } from './user-namespace';
import { output } from '../../process';

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
  cwd: string, lowers: readonly string[], mountPoint: string, act: (view: DiskView) => Promise<T>,
): Promise<T> {
  const root = join(cwd, mountPoint);
  await mkdir(root, { recursive: true });
  // What marks removed and opaque folders of an ordinary user's machines is not the kernel's own.
  const features = isRoot() ? 'redirect_dir=follow,metacopy=off,index=off' : 'userxattr';
  const mount = ['mount', '-t', 'overlay', 'overlay', '-o', `ro,lowerdir=${lowers.join(':')},${features}`, root];
  if (!isRoot()) { return withMountedView(cwd, mount, root, act); }
  await output(mount, { cwd, timeoutMs: 30_000 });
  try {
    return await act({ root, seen: root, enter: [] });
  } finally {
    await unmount(root);
  }
}
