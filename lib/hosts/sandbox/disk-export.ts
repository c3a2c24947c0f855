import { readFile, rm, stat, truncate, writeFile } from 'fs/promises';
import { join } from 'path';
import { emulatedComputer, value } from './qemu-command';
import { ROOT_TAR_OPTIONS } from './root-tar';
import { GoldenError } from '../../errors';
import { quoteAll } from '../../plan/shell';
import { run } from '../../process';

/** A kernel that starts under emulation, and a tar of some gigabytes. */
const EXPORT_MS = 1_200_000;
const SECTOR = 512;
const DONE = 'golden: exported with exit code';

export interface ExportOptions {
  /** Raw disk, whose root has the label `root`. Nothing is written to it. */
  readonly disk: string;
  /** A kernel that finds its root, and its initrd. */
  readonly kernel: string;
  readonly initrd: string;
  /** Gets the tar, with zeros behind it. */
  readonly tar: string;
  /** Left out where they are files, or empty folders. */
  readonly without: readonly string[];
  /** For what is needed meanwhile. */
  readonly folder: string;
  readonly signal: AbortSignal;
}

/**
 * What runs in place of an init, from a disk of its own; so nothing of the image runs but its shell and its tar, and the root is
 * only read. When it ends so does the machine.
 */
const script = (without: readonly string[]) => `
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
# Nothing that is mounted on the root is part of the disk.
root=/run/golden-root
mkdir -p $root && mount --bind / $root || exit
cd $root
set --
for path in ${quoteAll(without)}; do
  if [ -f "$path" ] || { [ -d "$path" ] && [ -z "$(ls -A "$path")" ]; }; then set -- "$@" "--exclude=./$path"; fi
done
# Records of whole pages: the kernel would read each page that is written in parts.
tar --create --file /dev/vdb --blocking-factor=2048 --one-file-system "$@" ${quoteAll(ROOT_TAR_OPTIONS)} >/dev/console 2>&1
code=$?
sync
echo "${DONE} $code" >/dev/console
exit
`;

/**
 * Reads the root of a disk that a machine was shut down from, as a root tar, with all owners and attributes. An ordinary user may
 * mount no disk, so a machine does. Errors: `export-failed`, `disk-full`, `interrupted`.
 */
export async function exportDisk({ disk, kernel, initrd, tar, without, folder, signal }: ExportOptions): Promise<void> {
  const scriptFile = join(folder, 'export.sh');
  const text = script(without);
  const consoleLog = join(folder, 'export.log');
  // A shell reads lines, and what is behind the last one has to be some, too.
  await writeFile(scriptFile, text.padEnd(Math.ceil(text.length / SECTOR) * SECTOR, '\n'));
  await writeFile(tar, '');
  // Headers of small files take more room in a tar than their inodes do on the disk; nothing is written that is not needed.
  await truncate(tar, 2 * (await stat(disk)).size);
  const drive = (file: string, options: string) => ['-drive', `if=virtio,format=raw,cache=unsafe,${options}file=${value(file)}`];
  const { exitCode, stderr } = await run([
    ...await emulatedComputer(), '-no-reboot',
    '-kernel', kernel, '-initrd', initrd,
    '-append', 'root=LABEL=root ro console=ttyS0,115200 quiet panic=-1 init=/bin/sh -- /dev/vdc',
    ...drive(disk, 'readonly=on,'), ...drive(tar, ''), ...drive(scriptFile, 'readonly=on,'),
    '-chardev', `file,id=console,path=${value(consoleLog)}`, '-serial', 'chardev:console',
  ], { signal, timeoutMs: EXPORT_MS });
  const said = await readFile(consoleLog, 'latin1').catch(() => '');
  if (exitCode !== 0 || !said.includes(`${DONE} 0`)) {
    const tail = said.trim().split(/\r*\n/).slice(-8).map((line) => `\n  ${line}`).join('');
    throw new GoldenError('export-failed', `The disk of the booted machine could not be read (exit code ${exitCode}): ${stderr.toString().trim()}${tail}`, {
      hint: 'The image needs a shell, mount and GNU tar.',
    });
  }
  await rm(scriptFile);
}
