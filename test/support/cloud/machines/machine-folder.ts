import { mkdirSync, rmSync, symlinkSync } from 'fs';
import { chmod, mkdir } from 'fs/promises';
import { join } from 'path';
import type { DiskStore } from './disk-store';
import type { CloudDisk } from './machine-provider';
import { removeFolder } from '../../../../lib/hosts/sandbox/folder-removal';

/** The folder of a machine, and its disk: what it changed lies on top of disks that nobody changes. */
export class MachineFolder {
  static async make(path: string, disks: DiskStore, image: CloudDisk): Promise<MachineFolder> {
    const folder = new MachineFolder(path, disks, image, disks.use(image));
    await mkdir(path, { recursive: true, mode: 0o700 });
    for (const name of ['upper', 'work', 'root', 'memory', 'own']) {
      await mkdir(join(path, name));
      await chmod(join(path, name), 0o755);
    }
    return folder;
  }

  private constructor(readonly path: string, private readonly disks: DiskStore, private image: CloudDisk, private below: readonly string[]) {}

  get upper(): string { return join(this.path, 'upper'); }
  get console(): string { return join(this.path, 'console.log'); }
  /** Lower folders of its disk, the nearest first. */
  get lowers(): readonly string[] { return this.below; }

  /** Before each start: the marks that a mount left say that it was not synced, which is no matter after an orderly end. */
  async renew(): Promise<void> {
    await removeFolder(join(this.path, 'work'));
    await mkdir(join(this.path, 'work'));
    rmSync(join(this.path, 'stopping'), { force: true });
    rmSync(join(this.path, 'lowers'), { recursive: true, force: true });
    mkdirSync(join(this.path, 'lowers'));
    this.below.forEach((lower, index) => symlinkSync(lower, join(this.path, 'lowers', String(index))));
  }

  /** The disk of a machine that does not run; it goes on with the same one. Takes no time, whatever lies on it. */
  async freeze(): Promise<CloudDisk> {
    const disk = await this.disks.add(this.upper, this.image, 'move');
    await mkdir(this.upper);
    await chmod(this.upper, 0o755);
    const before = this.image;
    this.below = this.disks.use(disk);
    this.image = disk;
    await this.disks.release(before);
    return disk;
  }

  /** A copy of the disk. Nothing may write to it meanwhile. */
  copy(): Promise<CloudDisk> {
    return this.disks.add(this.upper, this.image, 'copy');
  }

  async remove(): Promise<void> {
    await removeFolder(this.path);
    await this.disks.release(this.image);
  }
}
