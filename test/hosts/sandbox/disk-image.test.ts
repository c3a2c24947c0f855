import { mkdir, open, readFile, readdir, rename, rm, stat, symlink, writeFile } from 'fs/promises';
import { join } from 'path';
import { makeSmallRoot, type SmallRoot } from './small-root';
import { convertDisk, writeDiskImage } from '../../../lib/hosts/sandbox/disk-image';
import { output, run } from '../../../lib/process';

const MIB = 1 << 20;
const ROOT_OFFSET = 34 * MIB;

describe('a disk image', () => {
  let small: SmallRoot;
  let disk: string;
  let before: string;
  const listing = () => output(['find', small.root, '-printf', '%p %m %U %G %s %T@ %C@\n']);
  /** Asks debugfs about the root file system of a disk. */
  const debugfs = (file: string, request: string) => output(['debugfs', '-R', request, `${file}?offset=${ROOT_OFFSET}`]);

  beforeAll(async () => {
    small = await makeSmallRoot();
    disk = join(small.work, 'disk.raw');
    before = await listing();
    await writeDiskImage(small.root, disk, { architecture: 'x86_64', seed: 'a' });
  }, 30_000);
  afterAll(() => small.remove());

  test('leaves the root folder as it is', async () => {
    expect(await listing()).toBe(before);
  });

  test('has a whole partition table, and a place for BIOS, UEFI and the root', async () => {
    expect(await output(['sgdisk', '--verify', disk])).toContain('No problems found');
    const table = await output(['sgdisk', '--print', disk]);
    expect(table.match(/^ +\d+ +\d+ +\d+ .*$/gm)!.map((line) => line.trim().split(/ +/))).toEqual([
      ['1', '2048', '4095', '1024.0', 'KiB', 'EF02'],
      ['2', '4096', '69631', '32.0', 'MiB', 'EF00'],
      ['3', '69632', expect.any(String), expect.any(String), 'MiB', '8304'],
    ]);
  });

  test('has a sound root file system with owners, capabilities, links and holes', async () => {
    expect((await run(['e2fsck', '-fn', `${disk}?offset=${ROOT_OFFSET}`])).exitCode).toBe(0);
    expect(await debugfs(disk, 'stat /srv/owned')).toMatch(/User: +1234 +Group: +5678/);
    expect(await debugfs(disk, 'ea_list /usr/bin/listen')).toContain('security.capability');
    expect(await debugfs(disk, 'stat /srv/one')).toMatch(/Links: 2/);
    expect(await debugfs(disk, 'stat /srv/holes')).toMatch(/Size: 5368709123[^]*Blockcount: 8\n/);
    expect(await debugfs(disk, 'stat /link')).toContain('Fast link dest: "usr/bin/listen"');
  });

  test('starts with a boot sector that finds GRUB, whose menu is inside it', async () => {
    const file = await open(disk);
    const sector = Buffer.alloc(512);
    await file.read(sector, 0, 512, 0);
    await file.close();
    expect(sector.readBigUInt64LE(0x5c)).toBe(2048n);
    expect(sector.readUInt16LE(510)).toBe(0xaa55);
    expect(await output(['mdir', '-b', '-i', `${disk}@@2M`, '::/EFI/BOOT'])).toContain('BOOTX64.EFI');
  });

  test('has at least 512 MiB free', async () => {
    const superblock = await debugfs(disk, 'show_super_stats -h');
    expect(4096 * Number(/Free blocks: +(\d+)/.exec(superblock)![1])).toBeGreaterThan(512 * MIB);
  });

  test('has IDs made of its seed', async () => {
    const again = join(small.work, 'again.raw');
    const other = join(small.work, 'other.raw');
    await writeDiskImage(small.root, again, { architecture: 'x86_64', seed: 'a' });
    await writeDiskImage(small.root, other, { architecture: 'x86_64', seed: 'b' });
    const ids = async (file: string) => [
      /Disk identifier \(GUID\): (\S+)/.exec(await output(['sgdisk', '--print', file]))![1],
      /Partition unique GUID: (\S+)/.exec(await output(['sgdisk', '--info=3', file]))![1],
      /Filesystem UUID: +(\S+)/.exec(await debugfs(file, 'show_super_stats -h'))![1],
    ];
    expect(await ids(again)).toEqual(await ids(disk));
    expect(new Set([...await ids(other), ...await ids(disk)]).size).toBe(6);
  });

  test('is as large as it is asked to be, and says how much it needs where that is too little', async () => {
    const file = join(small.work, 'sized.raw');
    await writeDiskImage(small.root, file, { architecture: 'x86_64', sizeMiB: 300 });
    expect((await stat(file)).size).toBe(300 * MIB);
    await expect(writeDiskImage(small.root, file, { architecture: 'x86_64', sizeMiB: 80 })).rejects.toMatchObject({
      code: 'disk-too-small', hint: expect.stringMatching(/at least \d+ MiB/),
    });
  });

  test('has room for as many files as there are', async () => {
    await mkdir(join(small.root, 'many'));
    for (let i = 0; i < 6000; i++) { await writeFile(join(small.root, 'many', String(i)), ''); }
    const file = join(small.work, 'many.raw');
    await writeDiskImage(small.root, file, { architecture: 'x86_64', sizeMiB: 160 });
    expect((await run(['e2fsck', '-fn', `${file}?offset=${ROOT_OFFSET}`])).exitCode).toBe(0);
    await rm(join(small.root, 'many'), { recursive: true });
  });

  test('is made in a folder of any name, and no shell reads that', async () => {
    const folder = join(small.work, 'odd $(touch injected) \'q\' `touch injected`;,:?@@1M ü\n');
    await mkdir(folder);
    const file = join(folder, 'disk.raw');
    await writeDiskImage(small.root, file, { architecture: 'x86_64', seed: 'a' });
    await convertDisk(file, join(folder, 'disk.qcow2'));
    expect((await readdir(folder)).sort()).toEqual(['disk.qcow2', 'disk.raw']);
    expect(await output(['mdir', '-b', '-i', 'disk.raw@@2M', '::/EFI/BOOT'], { cwd: folder })).toContain('BOOTX64.EFI');
    expect(await run(['ls', 'injected'])).toMatchObject({ exitCode: 2 });
  });

  test('is the same disk as a qcow2', async () => {
    const qcow2 = join(small.work, 'disk.qcow2');
    await convertDisk(disk, qcow2);
    expect(await output(['qemu-img', 'compare', disk, qcow2])).toContain('Images are identical');
    expect((await stat(qcow2)).size).toBeLessThan(20 * MIB);
  });

  test('boots the newest kernel where the links of the kernel packages are missing or lead nowhere', async () => {
    await symlink('boot/vmlinuz-gone', join(small.root, 'vmlinuz'));
    const file = join(small.work, 'newest.raw');
    await writeDiskImage(small.root, file, { architecture: 'x86_64' });
    expect(await menuOf(file)).toMatch(/else\n +linux \/boot\/vmlinuz-6\.1\.0-56 root=LABEL=root rw .*\n +initrd \/boot\/initrd\.img-6\.1\.0-56\nfi/);
  });

  describe('is refused', () => {
    afterEach(async () => {
      expect((await readdir(small.work)).filter((name) => name.includes('refused') || name.startsWith('.disk-'))).toEqual([]);
    });
    const refused = () => writeDiskImage(small.root, join(small.work, 'refused.raw'), { architecture: 'x86_64' });

    test('for arm64, with what works instead', async () => {
      await expect(writeDiskImage(small.root, join(small.work, 'refused.raw'), { architecture: 'arm64' })).rejects.toMatchObject({
        code: 'unsupported-architecture', hint: expect.stringContaining('root tar'),
      });
    });

    test('where there is no kernel, with packages that have one', async () => {
      await rename(join(small.root, 'boot'), join(small.root, 'away'));
      await expect(refused()).rejects.toMatchObject({ code: 'no-kernel', hint: expect.stringContaining('linux-image-cloud-amd64') });
      await rename(join(small.root, 'away'), join(small.root, 'boot'));
    });

    test('where no kernel has an initrd', async () => {
      await rename(join(small.root, 'boot'), join(small.root, 'away'));
      await small.write('boot/vmlinuz-6.1.0-9', 'a kernel');
      await expect(refused()).rejects.toMatchObject({ code: 'no-initrd' });
      await rm(join(small.root, 'boot'), { recursive: true });
      await rename(join(small.root, 'away'), join(small.root, 'boot'));
    });

    test('where it is called off', async () => {
      const signal = AbortSignal.abort();
      await expect(writeDiskImage(small.root, join(small.work, 'refused.raw'), { architecture: 'x86_64', signal })).rejects.toMatchObject({ code: 'interrupted' });
    });
  });

  /** The UEFI program carries its menu as an uncompressed tar. */
  async function menuOf(file: string): Promise<string> {
    await output(['mcopy', '-o', '-i', `${file}@@2M`, '::/EFI/BOOT/BOOTX64.EFI', join(small.work, 'grub.efi')]);
    return (await readFile(join(small.work, 'grub.efi'))).toString('latin1');
  }
});
