import { randomBytes } from 'crypto';
import { link, mkdir, readFile, rm, writeFile } from 'fs/promises';
import { join } from 'path';

/**
 * The salt of this state folder: with it, fingerprints of secrets are of use to nobody who has only a journal or a key.
 * Made once, readable by its owner only.
 */
export async function fingerprintSalt(stateFolder: string): Promise<string> {
  const path = join(stateFolder, 'salt');
  const known = await readSalt(path);
  if (known !== undefined) { return known; }
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, randomBytes(32).toString('hex'), { mode: 0o600 });
  // Where two processes make one at the same time, the first wins.
  await link(draft, path).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') { throw error; } });
  await rm(draft);
  return (await readSalt(path))!;
}

async function readSalt(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') { return undefined; }
    throw error;
  });
}
