import { createHash } from 'crypto';
import { closeSync, lstatSync, openSync, readdirSync, readlinkSync, readSync, type Stats } from 'fs';
import { open } from 'fs/promises';
import { GoldenError } from '../errors';

const PIECE = 1 << 20;

/** How long a process may be kept from its other work, in milliseconds. */
const PATIENCE_MS = 5;

/**
 * One entry of an asset. Names are bytes, kept as latin1 strings, because a file system
 * promises nothing about their encoding.
 */
export interface AssetEntry {
  /** Path below the asset, as latin1; empty for the asset itself. */
  readonly path: string;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly executable: boolean;
  readonly size: number;
  /** Target of a symbolic link, as latin1. */
  readonly target?: string;
}

/** The entries of a file or folder, sorted by path, parents first. Throws on anything but files, folders and links. */
export function assetEntries(root: string): AssetEntry[] {
  const entries: AssetEntry[] = [];
  const visit = (path: string) => {
    const bytes = entryPath(root, path);
    const stats = lstatSync(bytes);
    entries.push(entryOf(bytes, path, stats));
    if (stats.isDirectory()) {
      const names = readdirSync(bytes, { encoding: 'buffer' }).map((name) => name.toString('latin1')).sort();
      names.forEach((name) => visit(path === '' ? name : `${path}/${name}`));
    }
  };
  visit('');
  return entries;
}

/** The absolute path of an entry, as bytes. */
export function entryPath(root: string, path: string): Buffer {
  return path === '' ? Buffer.from(root) : Buffer.concat([Buffer.from(`${root}/`), Buffer.from(path, 'latin1')]);
}

/**
 * Digest of a file or folder: sorted relative path, type, executable bit, link target and the SHA-256 of the raw bytes
 * of every entry. Not the owner, not the other modes, no time, and not the name of the file or folder itself.
 */
export function assetDigest(root: string): string {
  const entries = assetEntries(root);
  return digestOfEntries(entries, entries.map((entry) => (entry.type === 'file' ? fileDigest(entryPath(root, entry.path)) : '')));
}

/** The same, for those who have other things to do meanwhile, and may find that they need it no more. */
export async function readAssetDigest(root: string, signal?: AbortSignal): Promise<string> {
  const entries = assetEntries(root);
  const digests: string[] = [];
  let begin = performance.now();
  for (const { type, path, size } of entries) {
    signal?.throwIfAborted();
    const file = entryPath(root, path);
    // What is small is read in less time than it takes to wait for it.
    digests.push(type !== 'file' ? '' : size > PIECE ? await readFileDigest(file, signal) : fileDigest(file));
    if (performance.now() - begin < PATIENCE_MS) { continue; }
    await new Promise(setImmediate);
    begin = performance.now();
  }
  return digestOfEntries(entries, digests);
}

function digestOfEntries(entries: readonly AssetEntry[], digests: readonly string[]): string {
  const hash = createHash('sha256');
  entries.forEach(({ path, type, executable, target = '' }, index) => {
    hash.update(JSON.stringify([path, type, executable, type === 'file' ? digests[index] : target])).update('\n');
  });
  return hash.digest('hex');
}

/** SHA-256 of the raw bytes of a file, read piece by piece. */
export function fileDigest(path: string | Buffer): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE);
  const fd = openSync(path, 'r');
  try {
    for (let n = readSync(fd, piece); n > 0; n = readSync(fd, piece)) { hash.update(piece.subarray(0, n)); }
  } finally {
    closeSync(fd);
  }
  return hash.digest('hex');
}

async function readFileDigest(path: Buffer, signal?: AbortSignal): Promise<string> {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(PIECE);
  const file = await open(path, 'r');
  try {
    for (;;) {
      signal?.throwIfAborted();
      const { bytesRead } = await file.read(piece);
      if (bytesRead === 0) { return hash.digest('hex'); }
      hash.update(piece.subarray(0, bytesRead));
    }
  } finally {
    await file.close();
  }
}

function entryOf(bytes: Buffer, path: string, stats: Stats): AssetEntry {
  if (stats.isDirectory()) { return { path, type: 'directory', executable: false, size: 0 }; }
  if (stats.isSymbolicLink()) {
    return { path, type: 'symlink', executable: false, size: 0, target: readlinkSync(bytes, { encoding: 'buffer' }).toString('latin1') };
  }
  if (stats.isFile()) { return { path, type: 'file', executable: (stats.mode & 0o100) !== 0, size: stats.size }; }
  throw new GoldenError('unsupported-file', `${bytes.toString()} is neither a file, a folder nor a symbolic link`, { kind: 'invalid' });
}
