import { createHash } from 'crypto';
import { createReadStream, type Dirent } from 'fs';
import { access, constants, mkdir, open, readdir, readFile, rename, stat } from 'fs/promises';
import { basename, dirname, join } from 'path';
import { pipeline } from 'stream/promises';
import { writeWhole } from './draft-file';
import { removeFolder } from './folder-removal';
import { draftName, draftOwner, isRunning } from './owner';
import { GoldenError } from '../../errors';
import type { Plan, RootTarSource } from '../../plan/model';
import type { Artifact, ArtifactFile, DraftArtifact } from '../../ports/host';

/** In a draft: what its manifest has to say, and where it goes; nobody looks for it under the name of a draft. */
const MANIFEST = 'manifest.json';
const KEY_LENGTH = 16;
/** What a finished artifact is moved to while a new one takes its place. */
export const REPLACED_SUFFIX = '.replaced';

/** What only the one who captured it knows. Written last: a draft that has it is whole. */
interface DraftRecord {
  readonly definitionHash: string;
  readonly buildKey: string;
  readonly files: readonly ArtifactFile[];
}

/** The root tar of a finished image. */
export interface StoredRootTar {
  readonly buildKey: string;
  readonly source: RootTarSource;
}

/** Finished images: each a folder below the output folder, which appears in one act. */
export class ArtifactStore {
  constructor(readonly outputFolder: string) {}

  /** Makes the folder for images, before anything is built for it. Errors: `unwritable-folder`. */
  async prepare(): Promise<void> {
    try {
      await mkdir(this.outputFolder, { recursive: true });
      await access(this.outputFolder, constants.W_OK);
    } catch (error) {
      throw new GoldenError('unwritable-folder', `Images cannot be written to ${this.outputFolder}: ${(error as Error).message}`, {
        hint: 'Pass --output with a folder that can be written to.', cause: error,
      });
    }
  }

  /** An artifact with this key whose files are all there, with the sizes they were published with. */
  async find(plan: Plan, buildKey: string): Promise<Artifact | undefined> {
    return this.read(this.finalFolder(plan.image, buildKey), (manifest) => manifest.buildKey === buildKey);
  }

  /** The root tars of an image as it is defined now, the newest first: parameters, secrets and sources make one differ from another. */
  async findRootTars(image: string, definitionHash: string): Promise<StoredRootTar[]> {
    const folder = this.imageFolder(image);
    const found: (StoredRootTar & { readonly publishedAt: number })[] = [];
    for (const entry of await entriesOf(folder)) {
      if (!entry.isDirectory() || entry.name.startsWith('.')) { continue; }
      const artifact = await this.read(join(folder, entry.name), (manifest) => manifest.definitionHash === definitionHash);
      const tar = artifact?.files.find(({ name }) => name === 'root.tar');
      if (!artifact || !tar) { continue; }
      const { mtimeMs } = await stat(join(artifact.id, MANIFEST));
      const source = { type: 'rootTar', location: join(artifact.id, tar.name), sha256: tar.sha256 } as const;
      found.push({ buildKey: artifact.buildKey, source, publishedAt: mtimeMs });
    }
    return found.sort((a, b) => b.publishedAt - a.publishedAt).map(({ buildKey, source }) => ({ buildKey, source }));
  }

  /** Folder that a new draft of an image gets; it lies beside the one it will become. */
  draftFolder(plan: Plan): string {
    return join(this.imageFolder(plan.image), draftName());
  }

  /** Lets `write` fill the folder of a draft, and takes down what came of it. Leaves nothing behind where that fails. */
  async draft(
    folder: string, plan: Plan, buildKey: string, write: (folder: string) => Promise<readonly string[]>, signal: AbortSignal,
  ): Promise<DraftArtifact> {
    await mkdir(folder, { recursive: true });
    try {
      const names = await write(folder);
      const files = await Promise.all(names.map((name) => describeFile(folder, name, signal)));
      const record: DraftRecord = { definitionHash: plan.definitionHash, buildKey, files };
      await writeDurably(join(folder, MANIFEST), JSON.stringify(record));
      return { id: folder, files };
    } catch (error) {
      await removeFolder(folder);
      throw error;
    }
  }

  /** Gives a draft its manifest and its final name. One of the same key makes way, and comes back where that fails. */
  async publish(draft: DraftArtifact, manifest: object): Promise<Artifact> {
    const { definitionHash, buildKey, files } = JSON.parse(await readFile(join(draft.id, MANIFEST), 'utf8')) as DraftRecord;
    const record: DraftRecord = { definitionHash, buildKey, files };
    const full = { ...manifest, ...record };
    await writeWhole(join(draft.id, MANIFEST), (whole) => writeDurably(whole, `${JSON.stringify(full, undefined, 2)}\n`));
    const final = join(dirname(draft.id), buildKey.slice(0, KEY_LENGTH));
    const replaced = `${dirname(final)}/.${basename(final)}${REPLACED_SUFFIX}`;
    await removeFolder(replaced);
    const hadOne = await rename(final, replaced).then(() => true, () => false);
    try {
      await rename(draft.id, final);
    } catch (error) {
      if (hadOne) { await rename(replaced, final); }
      throw error;
    }
    await removeFolder(replaced);
    return { id: final, buildKey, files, manifest: full };
  }

  /**
   * Makes a draft ours that a dead process captured, where it is whole: its files have the digests that they were captured with.
   * @param intend is told of its new folder, before anything of it changes
   */
  async adopt(plan: Plan, buildKey: string, intend: (folder: string) => Promise<void>, signal: AbortSignal): Promise<DraftArtifact | undefined> {
    const image = this.imageFolder(plan.image);
    for (const { name } of await entriesOf(image)) {
      const owner = draftOwner(name);
      if (!owner || isRunning(owner)) { continue; }
      const found = await this.read(join(image, name), (record) => record.buildKey === buildKey && record.definitionHash === plan.definitionHash);
      const files = found && await Promise.all(found.files.map((file) => describeFile(found.id, file.name, signal)));
      if (!files?.every(({ sha256 }, i) => sha256 === found!.files[i].sha256)) { continue; }
      const ours = this.draftFolder(plan);
      await intend(ours);
      await rename(found!.id, ours);
      return { id: ours, files };
    }
    return undefined;
  }

  async discard(draft: DraftArtifact): Promise<void> {
    await removeFolder(draft.id);
  }

  private imageFolder(image: string): string {
    return join(this.outputFolder, image.replace(/\//g, '-'));
  }

  private finalFolder(image: string, buildKey: string): string {
    return join(this.imageFolder(image), buildKey.slice(0, KEY_LENGTH));
  }

  private async read(folder: string, isWanted: (manifest: { readonly [key: string]: unknown }) => boolean): Promise<Artifact | undefined> {
    const text = await readFile(join(folder, MANIFEST), 'utf8').catch(() => undefined);
    if (text === undefined) { return undefined; }
    let manifest: { readonly [key: string]: unknown };
    try { manifest = JSON.parse(text); } catch { return undefined; }
    if (typeof manifest !== 'object' || manifest === null || !isWanted(manifest)) { return undefined; }
    if (!isListOfFiles(manifest.files)) { return undefined; }
    const { files } = manifest;
    const sizes = await Promise.all(files.map(({ name }) => stat(join(folder, name)).then(({ size }) => size, () => -1)));
    if (!files.every(({ bytes }, index) => sizes[index] === bytes)) { return undefined; }
    return { id: folder, buildKey: String(manifest.buildKey), files, manifest };
  }
}

/** Names without a slash: a manifest tells of the files beside it, and of no others. */
function isListOfFiles(value: unknown): value is readonly ArtifactFile[] {
  return Array.isArray(value) && value.every((file: Partial<ArtifactFile> | null) => (
    typeof file?.name === 'string' && /^[^/\0]+$/.test(file.name) && typeof file.bytes === 'number' && typeof file.sha256 === 'string'
  ));
}

async function describeFile(folder: string, name: string, signal: AbortSignal): Promise<ArtifactFile> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(join(folder, name), { highWaterMark: 4 << 20 }), hash, { signal });
  return { name, bytes: (await stat(join(folder, name))).size, sha256: hash.digest('hex') };
}

async function writeDurably(file: string, text: string): Promise<void> {
  const handle = await open(file, 'w', 0o644);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function entriesOf(folder: string): Promise<Dirent[]> {
  return readdir(folder, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') { return []; }
    throw new GoldenError('unreadable-folder', `${folder} cannot be read: ${error.message}`, { cause: error });
  });
}
