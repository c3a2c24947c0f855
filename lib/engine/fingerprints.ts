import { randomBytes } from 'crypto';
import { link, mkdir, readFile, rm, writeFile } from 'fs/promises';
import { join } from 'path';
import { stateDraft } from './state-draft';
import { damagedFile } from '../plan/json-syntax';

/**
 * The salt of this state folder: with it, fingerprints of secrets are of use to nobody who has only a journal or a key.
 * Made once, readable by its owner only. Errors: `damaged-file`.
 */
export async function fingerprintSalt(stateFolder: string): Promise<string> {
  const path = join(stateFolder, 'salt');
  const known = await readSalt(path);
  if (known !== undefined) { return known; }
  await mkdir(stateFolder, { recursive: true, mode: 0o700 });
  const draft = stateDraft(path);
  await writeFile(draft, randomBytes(32).toString('hex'), { mode: 0o600, flush: true });
  // Where two processes make one at the same time, the first wins.
  await link(draft, path).catch((error: NodeJS.ErrnoException) => { if (error.code !== 'EEXIST') { throw error; } });
  await rm(draft);
  return (await readSalt(path))!;
}

async function readSalt(file: string): Promise<string | undefined> {
  const salt = await readFile(file, 'latin1').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') { return undefined; }
    throw error;
  });
  if (salt === undefined || /^[0-9a-f]{64}$/.test(salt)) { return salt; }
  throw damagedFile('it is no salt', { file, line: 1, column: 1 }, `Remove it; what was built with secrets is built anew then: ${file}`);
}
