import { once } from 'events';
import { rootFlags } from './user-namespace';
import { GoldenError } from '../../errors';
import { killGroup, start } from '../../process';

const MOUNT_MS = 30_000;

/** The root folder of a disk, for as long as somebody holds it. */
export interface DiskView {
  /** Its path to commands behind `enter`. */
  readonly root: string;
  /** Its path to this process, which may read no more of it than the files of root. */
  readonly seen: string;
  /** Command in front of those that read it, where they need it to see the disk and its owners. */
  readonly enter: readonly string[];
}

/**
 * Shows what an ordinary user mounts: in namespaces of a process that holds them, and that ends with this one. So no mount
 * outlives us, however we end.
 * @param mount command, run in `cwd`; it names the mount point by its whole path, by which the holder is found
 * @param root the mount point
 */
export async function withMountedView<T>(cwd: string, mount: readonly string[], root: string, act: (view: DiskView) => Promise<T>): Promise<T> {
  const holder = start(['unshare', ...rootFlags(), '--mount', '--', 'sh', '-c', '"$@" && echo mounted && exec cat >/dev/null', 'golden-disk', ...mount], {
    cwd, detached: true,
  });
  let said = '';
  holder.stdin!.on('error', () => { /* it has ended */ });
  holder.stderr!.on('data', (data: Buffer) => { said += data.toString(); });
  const ended = once(holder, 'close').catch((error: Error) => { said += error.message; });
  try {
    const timer = setTimeout(() => killGroup(holder), MOUNT_MS);
    const isMounted = await Promise.race([once(holder.stdout!, 'data').then(() => true), ended.then(() => false)]);
    clearTimeout(timer);
    if (!isMounted) { throw new GoldenError('mount-failed', `The disk of the machine could not be shown: ${said.trim()}`); }
    return await act({
      root,
      seen: `/proc/${holder.pid}/root${root}`,
      enter: ['nsenter', `--target=${holder.pid}`, '--user', '--mount', '--'],
    });
  } finally {
    killGroup(holder);
    await ended;
  }
}
