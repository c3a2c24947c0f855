import { readdirSync, readFileSync, statSync } from 'fs';
import { join } from 'path';

/** An artifact in the output folder, as its manifest describes it. */
export interface StoredArtifact {
  readonly folder: string;
  readonly buildKey: string;
  readonly definitionHash: string;
  readonly bytes: number;
  readonly builtAt: Date;
  /** IDs of machine images by region, where they are no files. */
  readonly images?: { readonly [region: string]: string };
}

/** The artifacts of an image below the output folder, the newest first. Drafts, and what has no manifest, are none. */
export function artifactsOf(outputFolder: string, image: string): StoredArtifact[] {
  const folder = join(outputFolder, image.replace(/\//g, '-'));
  return namesIn(folder).filter((name) => !name.startsWith('.'))
    .flatMap((name) => readArtifact(join(folder, name)) ?? [])
    .sort((a, b) => b.builtAt.getTime() - a.builtAt.getTime());
}

function readArtifact(folder: string): StoredArtifact | undefined {
  const file = join(folder, 'manifest.json');
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as {
      readonly buildKey: string;
      readonly definitionHash: string;
      readonly files: readonly { readonly bytes: number }[];
      readonly images?: StoredArtifact['images'];
    };
    const bytes = manifest.files.reduce((sum, each) => sum + each.bytes, 0);
    const { buildKey, definitionHash, images } = manifest;
    if (typeof buildKey !== 'string' || typeof definitionHash !== 'string' || !Number.isSafeInteger(bytes)) { return undefined; }
    if (images !== undefined && !Object.values(images).every((id) => typeof id === 'string')) { return undefined; }
    return { folder, buildKey, definitionHash, bytes, builtAt: statSync(file).mtime, images };
  } catch {
    return undefined;
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
