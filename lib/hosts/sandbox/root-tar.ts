import { writeWhole } from './draft-file';
import { output } from '../../process';

/** What the kernel and the boot fill anew; the folders themselves stay. */
const VOLATILE = ['proc', 'sys', 'dev', 'run', 'tmp'];

/**
 * Writes a root folder as a tar: numeric owners, extended attributes (file capabilities among them), ACLs,
 * holes kept as holes, sorted by name. `file` appears only when it is whole. Needs the rights to read the folder.
 */
export function writeRootTar(rootFolder: string, file: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  return writeWhole(file, async (draft) => {
    await output([
      'tar', '--create', '--file', draft, '--directory', rootFolder,
      '--format=posix', '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
      // The later versions of the format put our process ID into names.
      '--sparse', '--sparse-version=0.0',
      '--numeric-owner', '--sort=name',
      '--acls', '--xattrs', '--xattrs-include=*', '--xattrs-exclude=trusted.overlay.*',
      '--anchored', ...VOLATILE.map((folder) => `--exclude=./${folder}/*`),
      '.',
    ], { signal: options.signal });
  });
}
