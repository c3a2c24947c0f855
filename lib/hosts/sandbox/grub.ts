import { mkdir, open, readFile, stat, utimes, writeFile } from 'fs/promises';
import { join } from 'path';
import { KERNEL_LINKS, type Kernel } from './kernel';
import { GoldenError } from '../../errors';
import { output, type RunOptions } from '../../process';

const SECTOR = 512;

/** Everything the menu below uses; nothing is loaded from the disk, so that the root stays as it was captured. */
const MODULES = ['part_gpt', 'ext2', 'fat', 'memdisk', 'tar', 'normal', 'linux', 'search', 'search_label', 'serial', 'terminal', 'test'];

interface Platform {
  readonly name: string;
  readonly debianPackage: string;
  readonly modules: readonly string[];
}
const BIOS: Platform = { name: 'i386-pc', debianPackage: 'grub-pc-bin', modules: ['biosdisk'] };
const UEFI: Platform = { name: 'x86_64-efi', debianPackage: 'grub-efi-amd64-bin', modules: [] };

/** GRUB for both firmwares, as images that carry their own menu. */
export interface Grub {
  /** First sector of a disk. */
  readonly boot: Buffer;
  /** What follows in the BIOS boot partition. */
  readonly core: Buffer;
  /** Path of the UEFI program. */
  readonly efi: string;
}

/**
 * Makes GRUB for a disk whose root has the label `root`.
 * The links of the kernel packages come first, so that a kernel upgrade inside the image is booted; `fallback` is for images without.
 */
export async function makeGrub(folder: string, fallback: Kernel, commandLine: string, options: RunOptions): Promise<Grub> {
  const menu = join(folder, 'memdisk', 'boot', 'grub', 'grub.cfg');
  await mkdir(join(menu, '..'), { recursive: true });
  await writeFile(menu, menuText(fallback, commandLine));
  await utimes(menu, 0, 0);
  const memdisk = join(folder, 'memdisk.tar');
  await output(['tar', '--create', '--file', memdisk, '--format=ustar', '--owner=0', '--group=0', '--mode=0644',
    '--directory', join(folder, 'memdisk'), 'boot/grub/grub.cfg'], options);

  const core = join(folder, 'core.img');
  const efi = join(folder, 'BOOTX64.EFI');
  const bios = await makeImage(BIOS, memdisk, core, options);
  await makeImage(UEFI, memdisk, efi, options);
  return { boot: await readFile(join(bios, 'boot.img')), core: await readFile(core), efi };
}

/**
 * Puts GRUB for BIOS where the firmware and its own first stage look for it, as grub-install would on a block device.
 * @param firstSector first sector of the BIOS boot partition
 * @param sectors its size
 */
export async function installForBios(disk: string, grub: Grub, firstSector: number, sectors: number): Promise<void> {
  const length = Math.ceil(grub.core.length / SECTOR);
  if (length > sectors) { throw new GoldenError('grub-too-large', `GRUB takes ${length} sectors, and its partition has ${sectors}`, { kind: 'internal' }); }

  // The core's first sector loads the rest: where that starts, how many sectors, and to which segment (boot/i386/pc/diskboot.S).
  const core = Buffer.alloc(length * SECTOR);
  grub.core.copy(core);
  core.writeBigUInt64LE(BigInt(firstSector + 1), SECTOR - 12);
  core.writeUInt16LE(length - 1, SECTOR - 4);
  core.writeUInt16LE(0x820, SECTOR - 2);

  const file = await open(disk, 'r+');
  try {
    const boot = Buffer.from(grub.boot.subarray(0, SECTOR));
    const protective = Buffer.alloc(SECTOR);
    await file.read(protective, 0, SECTOR, 0);
    boot.writeBigUInt64LE(BigInt(firstSector), 0x5c); // where the core starts (boot/i386/pc/boot.S)
    boot.writeUInt16LE(0x9090, 0x66); // no jump to the check for floppies: some BIOSes pass a wrong drive number there
    protective.copy(boot, 0x1b8, 0x1b8); // disk signature, protective partition table and magic stay
    await file.write(boot, 0, SECTOR, 0);
    await file.write(core, 0, core.length, firstSector * SECTOR);
  } finally {
    await file.close();
  }
}

/** Returns the folder of GRUB's own files for the platform. */
async function makeImage(platform: Platform, memdisk: string, file: string, options: RunOptions): Promise<string> {
  const folder = `/usr/lib/grub/${platform.name}`;
  if (!await stat(folder).then(() => true, () => false)) {
    throw new GoldenError('missing-tool', `GRUB's files for ${platform.name} are not installed (${folder})`, {
      hint: `Install them: apt-get install ${platform.debianPackage}`,
    });
  }
  await output(['grub-mkimage', '--directory', folder, '--format', platform.name, '--prefix', '(memdisk)/boot/grub',
    '--memdisk', memdisk, '--output', file, ...platform.modules, ...MODULES], options);
  return folder;
}

/** `-s` follows links, so that one which leads nowhere is passed over. */
function menuText(fallback: Kernel, commandLine: string): string {
  const boot = ({ kernel, initrd }: Kernel) => `  linux ${kernel} ${commandLine}\n  initrd ${initrd}\n`;
  const choices = KERNEL_LINKS.map((links) => `if [ -s ${links.kernel} -a -s ${links.initrd} ]; then\n${boot(links)}`);
  return `
set timeout=0
serial --unit=0 --speed=115200
terminal_input console serial
terminal_output console serial
search --no-floppy --set=root --label root
${choices.join('el')}else
${boot(fallback)}fi
boot
`;
}
