import { join } from 'path';
import type { DiskView } from './disk-view';
import { asRoot } from './user-namespace';
import { output } from '../../process';

/** Folder of a machine that keeps, of files that are put onto its disk for as long as it runs, what was written and what had been there. */
export const LENT = 'lent';

/** What a machine gets of this computer. */
const LENT_FILES = 'usr/sbin/policy-rc.d etc/resolv.conf';

/**
 * Puts files onto a disk that do not belong to it. Run as root of the machine, with the folder of the machine and one with the files.
 * An overlay shows them from a folder of their own instead.
 */
export const LEND_SCRIPT = `
for file in ${LENT_FILES}; do
  [ -e "$2/$file" ] || continue
  name=\${file##*/}
  if [ -e "$1/root/$file" ] || [ -L "$1/root/$file" ]; then mv "$1/root/$file" "$1/${LENT}/$name.before" || exit 1; fi
  mkdir -p "$1/root/\${file%/*}" && cp -p "$2/$file" "$1/root/$file" && cp -p "$2/$file" "$1/${LENT}/$name" || exit 1
done
`;

/** Takes them away again; what was changed since is a part of the disk. Arguments: folder of the machine, the disk. */
const RETURN_SCRIPT = `
for file in ${LENT_FILES}; do
  name=\${file##*/}
  [ -f "$1/${LENT}/$name" ] && [ ! -L "$2/$file" ] && cmp -s "$1/${LENT}/$name" "$2/$file" || continue
  rm -f "$2/$file" || exit 1
  if [ -e "$1/${LENT}/$name.before" ] || [ -L "$1/${LENT}/$name.before" ]; then cp -a "$1/${LENT}/$name.before" "$2/$file" || exit 1; fi
done
`;

const COPY_MS = 1_200_000;

/** Copies a disk, with owners, times and attributes; where the file system can, it shares what is not changed. */
export async function copyDisk(from: string, to: string, signal: AbortSignal): Promise<void> {
  await output(asRoot(['cp', '--archive', '--sparse=auto', '--reflink=auto', '--no-target-directory', from, to]), { signal, timeoutMs: COPY_MS });
}

/** Takes from a disk what was put onto it while its machine ran. */
export async function returnLent(machineFolder: string, disk: string): Promise<void> {
  await output(asRoot(['sh', '-c', RETURN_SCRIPT, 'golden-disk', machineFolder, disk]));
}

/** The disk of a machine that has stopped. */
export async function copiedDiskView(machineFolder: string): Promise<DiskView> {
  const root = join(machineFolder, 'root');
  await returnLent(machineFolder, root);
  return { root, seen: root, enter: asRoot([]) };
}
