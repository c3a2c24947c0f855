import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync } from 'fs';
import { join } from 'path';
import { GoldenError } from '../../errors';
import { assetDigest, assetEntries, entryPath } from '../../plan/asset';
import { ASSET_FOLDER } from '../../plan/model';

/**
 * Copies a file or folder into a cloud assembly, under its digest. The copy is hashed again: bytes that changed since the
 * digest was taken are an error, never an image that is not what its hash says.
 */
export function stageAsset(outdir: string, digest: string, source: string): void {
  const folder = join(outdir, ASSET_FOLDER);
  const destination = join(folder, digest);
  // An earlier synthesis may have left it, and somebody may have edited it since.
  if (existsSync(destination) && assetDigest(destination) === digest) { return; }
  mkdirSync(folder, { recursive: true });
  const scratch = mkdtempSync(join(folder, '.staging-'));
  try {
    const copy = join(scratch, 'copy');
    copyTree(source, copy);
    if (assetDigest(copy) !== digest) {
      throw new GoldenError('asset-changed', `${source} changed while the app was synthesised`, {
        kind: 'invalid',
        hint: 'Synthesise again, and let nothing write to it meanwhile.',
      });
    }
    rmSync(destination, { recursive: true, force: true });
    renameSync(copy, destination);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Modes are set outright: a umask must not decide what a cloud assembly holds. */
function copyTree(source: string, destination: string): void {
  for (const entry of assetEntries(source)) {
    const from = entryPath(source, entry.path);
    const to = entryPath(destination, entry.path);
    if (entry.type === 'directory') {
      mkdirSync(to);
      chmodSync(to, 0o755);
    } else if (entry.type === 'symlink') {
      symlinkSync(Buffer.from(entry.target!, 'latin1'), to);
    } else {
      copyFileSync(from, to);
      chmodSync(to, entry.executable ? 0o755 : 0o644);
    }
  }
}
