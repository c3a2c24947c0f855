import { createHash } from 'crypto';
import { mkdtemp, rm, truncate, writeFile } from 'fs/promises';
import { basename, dirname, join, relative } from 'path';
import { writeWhole } from './draft-file';
import { installForBios, makeGrub } from './grub';
import { newestKernel } from './kernel';
import { GoldenError } from '../../errors';
import { output } from '../../process';

const MIB = 1 << 20;
const SECTOR = 512;

/** In MiB from the start of the disk; the root takes what is left, but for the last MiB with the second partition table. */
const BIOS_BOOT = { start: 1, size: 1 };
const ESP = { start: 2, size: 32 };
const ROOT_START = ESP.start + ESP.size;
const TABLE_COPY = 1;

const KERNEL_COMMAND_LINE = 'root=LABEL=root rw console=tty0 console=ttyS0,115200 net.ifnames=0';

/** Named one by one, since the defaults of newer versions make file systems that GRUB 2.06 and older kernels cannot read. */
const EXT4_FEATURES = 'none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,dir_nlink,extra_isize,metadata_csum';

export interface DiskImageOptions {
  /** @default what the content takes, and room beside it */
  readonly sizeMiB?: number;
  readonly architecture: 'x86_64' | 'arm64';
  /** Names the disk: the same seed gives the same partition and file system IDs. @default the file's name */
  readonly seed?: string;
  /** Room beside the content, where no size is given. @default a quarter of the content or 512 MiB, whichever is more */
  readonly roomMiB?: number;
  /** Command in front of those that read the folder, where they need it to see the folder or its owners. @default none */
  readonly enter?: readonly string[];
  /** Where we see the folder ourselves. @default the same path */
  readonly seen?: string;
  readonly signal?: AbortSignal;
}

/**
 * Makes a raw disk of a root folder: GPT, GRUB for BIOS and UEFI, one ext4 root with the label `root`.
 * Needs no loop device, mounts nothing and does not touch the folder. `file` appears only when it is whole.
 * Errors: `no-kernel`, `no-initrd`, `disk-too-small`, `unsupported-architecture`, `missing-tool`.
 */
export async function writeDiskImage(rootFolder: string, file: string, options: DiskImageOptions): Promise<void> {
  const { architecture, enter = [], signal } = options;
  if (architecture !== 'x86_64') {
    throw new GoldenError('unsupported-architecture', `Disk images for ${architecture} are not there yet: no boot loader for it is put together`, {
      hint: 'Ask for the root tar, which works for every architecture, or build for x86_64.',
    });
  }
  const kernel = await newestKernel(options.seen ?? rootFolder);
  const content = await measure(rootFolder, options);
  const sizeMiB = options.sizeMiB ?? content.neededMiB;
  if (sizeMiB < content.leastMiB) {
    throw new GoldenError('disk-too-small', `The content takes ${content.leastMiB} MiB of disk, and the disk is to have ${sizeMiB} MiB`, {
      kind: 'invalid',
      hint: `Ask for a disk of at least ${content.neededMiB} MiB, or install less.`,
    });
  }

  const folder = await mkdtemp(join(dirname(file), '.disk-'));
  try {
    await writeWhole(file, async (draft) => {
      const id = idsFrom(options.seed ?? file.split('/').pop()!);
      const rootMiB = sizeMiB - ROOT_START - TABLE_COPY;
      const grub = await makeGrub(folder, kernel, KERNEL_COMMAND_LINE, { signal });
      await writeFile(draft, '');
      await truncate(draft, sizeMiB * MIB);
      await output(['sgdisk', '--disk-guid', id('disk'),
        ...partition(1, BIOS_BOOT.start, BIOS_BOOT.size, 'ef02', id('bios')),
        ...partition(2, ESP.start, ESP.size, 'ef00', id('esp')),
        ...partition(3, ROOT_START, rootMiB, '8304', id('root')),
        draft], { signal });
      await output([...enter, 'mke2fs', '-q', '-F', '-t', 'ext4', '-O', EXT4_FEATURES, '-b', '4096', '-I', '256', '-m', '1', '-L', 'root',
        '-U', id('file system'), '-N', String(inodes(content.files, rootMiB)),
        '-E', `offset=${ROOT_START * MIB},hash_seed=${id('hash')}`,
        '-d', rootFolder, draft, `${rootMiB * 1024}k`], { signal });
      await writeEsp(draft, grub.efi, id('esp'), signal);
      await installForBios(draft, grub, BIOS_BOOT.start * MIB / SECTOR, BIOS_BOOT.size * MIB / SECTOR);
    });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Turns a raw disk into a qcow2, which holds only what is used, compressed with zstd: a second more, and a third of the bytes. `qcow2` appears only when it is whole. */
export function convertDisk(raw: string, qcow2: string, options: { readonly signal?: AbortSignal } = {}): Promise<void> {
  return writeWhole(qcow2, async (draft) => {
    await output(['qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd', '-W', '-m', '8', raw, draft], { signal: options.signal });
  });
}

interface Content {
  readonly files: number;
  /** With this the content just fits. */
  readonly leastMiB: number;
  /** With this the machine has room to live. */
  readonly neededMiB: number;
}

async function measure(rootFolder: string, { enter = [], roomMiB, signal }: DiskImageOptions): Promise<Content> {
  const used = parseInt(await output([...enter, 'du', '--summarize', '--block-size=1M', rootFolder], { signal }), 10);
  const files = parseInt(await output([...enter, 'du', '--summarize', '--inodes', rootFolder], { signal }), 10);
  // Inode tables, checksums and reserved blocks take about a twentieth, the journal up to 64 MiB on disks of this size.
  const withOverhead = (mib: number) => Math.ceil(mib * 1.05) + 64 + ROOT_START + TABLE_COPY;
  return { files, leastMiB: withOverhead(used), neededMiB: withOverhead(used + (roomMiB ?? Math.max(used / 4, 512))) };
}

/** mke2fs plans one inode for 16 KiB; a root of many small files needs more, and some to go on with. */
function inodes(files: number, rootMiB: number): number {
  return Math.max(rootMiB * 64, Math.ceil(files * 1.5));
}

function partition(number: number, startMiB: number, sizeMiB: number, type: string, id: string): readonly string[] {
  const first = startMiB * MIB / SECTOR;
  return ['--new', `${number}:${first}:${first + sizeMiB * MIB / SECTOR - 1}`, '--typecode', `${number}:${type}`, '--partition-guid', `${number}:${id}`];
}

/** The UEFI system partition: FAT with GRUB under the name that firmware looks for on a disk it does not know. */
async function writeEsp(disk: string, efi: string, id: string, signal?: AbortSignal): Promise<void> {
  // The mtools hand a path with characters such as `$` to a shell, so they get one without any folder.
  const [cwd, image] = [dirname(disk), `${basename(disk)}@@${ESP.start}M`];
  await output(['mformat', '-i', image, '-T', String(ESP.size * MIB / SECTOR), '-h', '64', '-s', '32', '-v', 'EFI', '-N', id.slice(0, 8), '::'],
    { cwd, signal });
  await output(['mmd', '-i', image, '::/EFI', '::/EFI/BOOT'], { cwd, signal });
  await output(['mcopy', '-i', image, relative(cwd, efi), '::/EFI/BOOT/BOOTX64.EFI'], { cwd, signal });
}

/** UUIDs made of a seed, with version 4's bits. */
function idsFrom(seed: string): (name: string) => string {
  return (name) => {
    const bytes = createHash('sha256').update(`${seed}\0${name}`).digest().subarray(0, 16);
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = bytes.toString('hex');
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
  };
}
