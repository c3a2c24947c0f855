import { copyFile, mkdir, readdir, rm } from 'fs/promises';
import { join } from 'path';
import { exportDisk } from './disk-export';
import { writeDiskImage } from './disk-image';
import type { DiskView } from './disk-view';
import { newestKernel } from './kernel';
import { bootDisk } from './qemu-machine';
import { unpackTar } from './root-tar-source';
import type { Machine } from '../../ports/host';
import type { LaunchRequirements } from '../../ports/launch-requirements';

/** What a machine may write that goes on being provisioned, where the plan does not say how large its disk is. */
const ROOM_MIB = 8192;

export interface ComposeOptions {
  /** The folder of the machine. */
  readonly folder: string;
  readonly sizeMiB?: number;
  readonly architecture: 'x86_64' | 'arm64';
  readonly seed: string;
  readonly signal: AbortSignal;
}

/**
 * A disk that was made of an unbooted machine's, booted, and provisioned further: the way of an ordinary user to what needs a booted
 * machine. What is captured of it is what the machine left on that disk.
 */
export class BootedDisk {
  /** Makes the disk. Errors: those of `writeDiskImage`. */
  static async compose({ root, seen, enter }: DiskView, options: ComposeOptions): Promise<BootedDisk> {
    const { folder, sizeMiB, architecture, seed, signal } = options;
    const composed = new BootedDisk(folder, await readdir(join(seen, 'root', '.ssh')).then(() => true, () => false));
    const { kernel, initrd } = await newestKernel(seen);
    await copyFile(join(seen, kernel), composed.kernel);
    await copyFile(join(seen, initrd), composed.initrd);
    await writeDiskImage(root, composed.disk, { sizeMiB, roomMiB: ROOM_MIB, architecture, seed, enter, seen, signal });
    return composed;
  }

  private constructor(private readonly folder: string, private readonly hadKeys: boolean) {}

  /** Starts a machine from it, whose writes stay. */
  boot(requirements: LaunchRequirements, architecture: 'x86_64' | 'arm64', signal: AbortSignal): Promise<Machine> {
    return bootDisk({ disk: { file: this.disk, format: 'raw', written: true }, folder: this.folder, requirements, architecture, signal });
  }

  /** Reads what the machine left, which has shut down, into a folder with owners as a machine of this user has them. */
  async unpack(signal: AbortSignal): Promise<string> {
    const { folder, disk, kernel, initrd } = this;
    const tar = join(folder, 'exported.tar');
    const root = join(folder, 'root');
    // What its boot put there for our keys, which were cleaned away, and what its shutdown left for the next boot.
    const without = [...this.hadKeys ? [] : ['root/.ssh'], 'var/lib/systemd/random-seed'];
    await exportDisk({ disk, kernel, initrd, tar, folder, without, signal });
    await rm(disk);
    await mkdir(root, { mode: 0o755 });
    await unpackTar(tar, root, { signal });
    await rm(tar);
    return root;
  }

  private get disk(): string { return join(this.folder, 'disk.raw'); }
  private get kernel(): string { return join(this.folder, 'kernel'); }
  private get initrd(): string { return join(this.folder, 'initrd'); }
}
