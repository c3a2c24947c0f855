import { randomBytes } from 'crypto';
import { mkdir, rename } from 'fs/promises';
import { join } from 'path';
import type { CloudDisk } from './machine-provider';
import { removeFolder } from '../../../../lib/hosts/sandbox/folder-removal';
import { output } from '../../../../lib/process';

interface StoredDisk {
  readonly id: string;
  /** Folder with what it changes; undefined: the disk of a public image, which nobody removes. */
  readonly folder?: string;
  /** Lower folders, the nearest first, its own included. */
  readonly lowers: readonly string[];
  readonly parent?: StoredDisk;
  /** Machines and disks that lie on it, and the cloud while it has a snapshot of it. */
  users: number;
}

/** The disks that machines start from: each a folder with what changed since the disk below. One goes when nobody uses it. */
export class DiskStore {
  private readonly disks = new Map<string, StoredDisk>();

  constructor(private readonly folder: string) {}

  /** Makes a public disk known. */
  addBase(id: string, lowers: readonly string[]): CloudDisk {
    if (!this.disks.has(id)) { this.disks.set(id, { id, lowers, users: 1 }); }
    return { id };
  }

  /** Takes a disk into use; returns its lower folders. */
  use(disk: CloudDisk): readonly string[] {
    const stored = this.find(disk);
    stored.users++;
    return stored.lowers;
  }

  /** Gives a disk back: whoever took it into use, or the cloud when it has no snapshot of it any more. */
  async release(disk: CloudDisk): Promise<void> {
    const stored = this.disks.get(disk.id);
    if (!stored || --stored.users > 0) { return; }
    this.disks.delete(disk.id);
    if (stored.folder !== undefined) { await removeFolder(stored.folder); }
    if (stored.parent) { await this.release(stored.parent); }
  }

  /** A disk of what lies in `upper`, on top of another one. `move` takes the folder itself. */
  async add(upper: string, below: CloudDisk, how: 'move' | 'copy'): Promise<CloudDisk> {
    const parent = this.find(below);
    const id = `disk-${randomBytes(6).toString('hex')}`;
    const folder = join(this.folder, id);
    await mkdir(folder, { recursive: true });
    const changed = join(folder, 'upper');
    if (how === 'move') {
      await rename(upper, changed);
    } else {
      await output(['cp', '--archive', '--sparse=auto', '--reflink=auto', upper, changed], { timeoutMs: 300_000 });
    }
    parent.users++;
    this.disks.set(id, { id, folder, lowers: [changed, ...parent.lowers], parent, users: 1 });
    return { id };
  }

  private find(disk: CloudDisk): StoredDisk {
    const stored = this.disks.get(disk.id);
    if (!stored) { throw new Error(`There is no disk ${disk.id}`); }
    return stored;
  }
}
