import { chown, link, lutimes, mkdir, mkdtemp, open, rm, symlink, writeFile } from 'fs/promises';
import { tmpdir } from 'os';
import { dirname, join } from 'path';
import { output } from '../../../lib/process';

const GIB = 2 ** 30;

export interface SmallRoot {
  /** Folder beside the root, for what is made of it. */
  readonly work: string;
  readonly root: string;
  readonly write: (path: string, content: string) => Promise<string>;
  readonly remove: () => Promise<void>;
}

/** A root folder with what is hard to keep: owners, capabilities, holes, links, odd names. Needs root. It has a kernel, which is none. */
export async function makeSmallRoot(): Promise<SmallRoot> {
  const work = await mkdtemp(join(tmpdir(), 'golden-root-'));
  const root = join(work, 'root');
  const write = async (path: string, content: string) => {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, content);
    return file;
  };
  for (const folder of ['proc', 'sys', 'dev', 'run', 'tmp', 'boot']) { await mkdir(join(root, folder), { recursive: true }); }
  await write('boot/vmlinuz-6.1.0-9', 'the older kernel');
  await write('boot/initrd.img-6.1.0-9', 'its initrd');
  await write('boot/vmlinuz-6.1.0-56', 'the newer kernel');
  await write('boot/initrd.img-6.1.0-56', 'its initrd');
  await chown(await write('srv/owned', 'mine'), 1234, 5678);
  await output(['setcap', 'cap_net_bind_service=ep', await write('usr/bin/listen', 'program')]);
  await symlink('usr/bin/listen', join(root, 'link'));
  await link(await write('srv/one', 'two names'), join(root, 'srv/other'));
  await write('srv/new\nline "and" more', 'odd');
  const holes = await open(join(root, 'srv/holes'), 'w');
  await holes.write('end', 5 * GIB);
  await holes.close();
  await write('tmp/left', 'over');
  await lutimes(join(root, 'srv/owned'), 0, 1_700_000_000);
  return { work, root, write, remove: () => rm(work, { recursive: true }) };
}
