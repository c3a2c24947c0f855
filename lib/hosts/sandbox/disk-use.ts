import { readdir, readFile, stat, utimes } from 'fs/promises';
import { dirname, join } from 'path';
import { removeFolder } from './folder-removal';
import type { SandboxFolder } from './sandbox-folder';

/** How long a layer or a base that no machine was started from is kept. */
const UNUSED_DAYS = 30;
const DAY_MS = 86_400_000;

interface Disk {
  /** Relative to the sandbox folder: `layers/<name>` or `bases/<id>`. */
  readonly path: string;
  readonly usedAt: number;
  /** What it lies on, as such paths. */
  readonly below: readonly string[];
}

/** Notes that a machine was started from these lower folders of an overlay: the files that describe them get the time of it. */
export async function markUsed(folder: SandboxFolder, lowers: readonly string[], now: Date = new Date()): Promise<void> {
  await Promise.all(lowers.map((lower) => utimes(join(folder.path, descriptionOf(dirname(lower))), now, now)));
}

/**
 * Removes layers and bases that were not used for long, and returns a line for each. A base goes only after every layer on it:
 * made anew it would hold newer packages, and a layer of the old one must not come to lie on it.
 */
export async function removeUnused(folder: SandboxFolder, now: number = Date.now()): Promise<string[]> {
  const disks = [...await disksIn(folder, 'layers'), ...await disksIn(folder, 'bases')];
  const recent = disks.filter(({ usedAt }) => now - usedAt < UNUSED_DAYS * DAY_MS);
  const kept = new Set(recent.flatMap(({ path, below }) => [path, ...below]));
  const unused = disks.filter(({ path }) => !kept.has(path));
  for (const { path } of unused) { await removeFolder(join(folder.path, path)); }
  return unused.map(({ path }) => `${path}: not used for ${UNUSED_DAYS} days`);
}

async function disksIn(folder: SandboxFolder, kind: 'layers' | 'bases'): Promise<Disk[]> {
  const names = await readdir(join(folder.path, kind)).catch(() => []);
  const disks = await Promise.all(names.map(async (name): Promise<Disk | undefined> => {
    const path = `${kind}/${name}`;
    const file = join(folder.path, descriptionOf(path));
    try {
      const { lowers = [] } = JSON.parse(await readFile(file, 'utf8')) as { readonly lowers?: readonly string[] };
      return { path, usedAt: (await stat(file)).mtimeMs, below: lowers.map((lower) => dirname(lower)) };
    } catch {
      return undefined; // a draft, or gone meanwhile
    }
  }));
  return disks.filter((disk) => disk !== undefined);
}

function descriptionOf(path: string): string {
  return join(path, path.startsWith('layers/') ? 'layer.json' : 'base.json');
}
