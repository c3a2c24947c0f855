import { existsSync } from 'fs';
import { lstat, mkdir, readdir, readFile, rename, writeFile } from 'fs/promises';
import { join } from 'path';
import { copyDisk } from './copied-disk';
import { removeFolder } from './folder-removal';
import { explainingFullDisk } from './full-disk';
import { draftName } from './owner';
import type { SandboxFolder } from './sandbox-folder';
import type { HostContext } from '../../ports/host';

/** What a layer says about itself, in `layer.json`. */
interface LayerRecord {
  readonly key: string;
  /** What it lies on, the nearest first, the base last: lower folders of an overlay, relative to the sandbox folder. */
  readonly lowers: readonly string[];
}

/** A lower folder is of a layer or a base, whatever its record says. */
const LOWER = /^(layers\/[0-9a-f]+\/disk|bases\/[0-9a-f]+\/root)$/;

/** Saved disks: each a folder with what its machine changed since the layers below. */
export class LayerStore {
  /** @param onlyWhole whether layers that lie on others are of no use here, since nothing shows them as one */
  constructor(private readonly folder: SandboxFolder, private readonly onlyWhole: () => Promise<boolean> = async () => false) {}

  /** The lower folders that make up the disk of a layer, itself first. Undefined: it, or something below it, is not there or of no use. */
  async lowers(key: string): Promise<readonly string[] | undefined> {
    const below = await this.below(key);
    return below && (below.length === 0 || !await this.onlyWhole()) ? [this.folder.layerDisk(key), ...below] : undefined;
  }

  private async below(key: string): Promise<readonly string[] | undefined> {
    const record = await readFile(join(this.folder.layer(key), 'layer.json'), 'utf8').then(
      (text) => JSON.parse(text) as LayerRecord,
      () => undefined,
    );
    if (record?.key !== key || !Array.isArray(record.lowers)) { return undefined; }
    if (!record.lowers.every((lower) => typeof lower === 'string' && LOWER.test(lower) && existsSync(join(this.folder.path, lower)))) { return undefined; }
    return record.lowers;
  }

  /**
   * Saves what changed on top of `lowers`, which lies in the folder `upper` and has to be quiet. Replaces no layer that is whole.
   * @param tidy takes from the copy what is no part of the disk
   */
  async save(
    key: string, upper: string, lowers: readonly string[], context: HostContext, tidy: (disk: string) => Promise<void> = async () => undefined,
  ): Promise<void> {
    // Others may lie on it, whether or not it is of use here.
    if (await this.below(key)) { return; }
    const final = this.folder.layer(key);
    const draft = join(this.folder.layers, draftName());
    await context.intend('save-layer', { folder: draft });
    await mkdir(draft, { recursive: true });
    try {
      await explainingFullDisk(this.folder.layers, async () => {
        // Attributes are how an overlay marks what is removed or opaque.
        await copyDisk(upper, join(draft, 'disk'), context.signal);
        await tidy(join(draft, 'disk'));
        await removeOwnFiles(join(draft, 'disk'));
        await writeFile(join(draft, 'layer.json'), `${JSON.stringify({ key, lowers } satisfies LayerRecord)}\n`);
      });
      // One that lacks what it lies on.
      await removeFolder(final);
      await rename(draft, final);
    } catch (error) {
      // Another process may have saved the same layer meanwhile.
      if (!await this.below(key)) { throw error; }
    } finally {
      await removeFolder(draft);
    }
  }
}

/** Payloads of the engine are no part of a disk. Links are not followed: the machine may have put any in our way. */
async function removeOwnFiles(disk: string): Promise<void> {
  let folder = disk;
  for (const name of ['var', 'tmp']) {
    folder = join(folder, name);
    const stats = await lstat(folder).catch(() => undefined);
    if (!stats?.isDirectory()) { return; }
  }
  for (const name of await readdir(folder)) {
    if (name.startsWith('golden-')) { await removeFolder(join(folder, name)); }
  }
}
