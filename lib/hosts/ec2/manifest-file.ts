import { randomBytes } from 'crypto';
import { mkdir, open, readFile, rename, rm } from 'fs/promises';
import { join } from 'path';

const MANIFEST = 'manifest.json';
const KEY_LENGTH = 16;

/** Puts the manifest of an image where those of all hosts are, in one act. */
export async function writeManifest(outputFolder: string, image: string, buildKey: string, manifest: object): Promise<void> {
  const folder = folderOf(outputFolder, image, buildKey);
  const draft = join(folder, `.${MANIFEST}.${randomBytes(4).toString('hex')}`);
  await mkdir(folder, { recursive: true });
  const handle = await open(draft, 'w', 0o644);
  try {
    await handle.writeFile(`${JSON.stringify(manifest, undefined, 2)}\n`);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(draft, join(folder, MANIFEST));
}

/** The manifest of an image, where it was published from this computer. */
export async function readManifest(outputFolder: string, image: string, buildKey: string): Promise<{ readonly [key: string]: unknown } | undefined> {
  try {
    const manifest = JSON.parse(await readFile(join(folderOf(outputFolder, image, buildKey), MANIFEST), 'utf8')) as { readonly [key: string]: unknown };
    return manifest.buildKey === buildKey ? manifest : undefined;
  } catch {
    // What is essential of it is on the image as well.
    return undefined;
  }
}

/** Forgets an image that is gone. */
export async function removeManifest(outputFolder: string, image: string, buildKey: string, imageId: string): Promise<void> {
  const manifest = await readManifest(outputFolder, image, buildKey);
  if (!Object.values(manifest?.images ?? {}).includes(imageId)) { return; }
  await rm(folderOf(outputFolder, image, buildKey), { recursive: true, force: true });
}

function folderOf(outputFolder: string, image: string, buildKey: string): string {
  return join(outputFolder, image.replace(/\//g, '-'), buildKey.slice(0, KEY_LENGTH));
}
