import { writeWhole } from './draft-file';
import { output } from '../../process';

/** What the kernel and the boot fill anew; the folders themselves stay. */
const VOLATILE = ['proc', 'sys', 'dev', 'run', 'tmp'];

/** How a root folder is written with tar(1): the options, and what they are of. */
export const ROOT_TAR_OPTIONS: readonly string[] = [
  '--format=posix', '--pax-option=exthdr.name=%d/PaxHeaders/%f,delete=atime,delete=ctime',
  // The later versions of the format put our process ID into names.
  '--sparse', '--sparse-version=0.0',
  '--numeric-owner', '--sort=name',
  '--acls', '--xattrs', '--xattrs-include=*', '--xattrs-exclude=trusted.overlay.*',
  '--anchored', ...VOLATILE.map((folder) => `--exclude=./${folder}/*`),
  '.',
];

export interface RootTarOptions {
  /** Command in front of those that read the folder, where they need it to see the folder or its owners. @default none */
  readonly enter?: readonly string[];
  readonly signal?: AbortSignal;
}

/**
 * Writes a root folder as a tar: numeric owners, extended attributes (file capabilities among them), ACLs,
 * holes kept as holes, sorted by name. `file` appears only when it is whole. Needs the rights to read the folder.
 */
export function writeRootTar(rootFolder: string, file: string, { enter = [], signal }: RootTarOptions = {}): Promise<void> {
  return writeWhole(file, async (draft) => {
    await output([...enter, 'tar', '--create', '--file', draft, '--directory', rootFolder, ...ROOT_TAR_OPTIONS], { signal });
  });
}
