import { constants } from 'fs';
import { access, mkdir, mkdtemp } from 'fs/promises';
import { dirname, join } from 'path';
import { removeFolder } from './folder-removal';
import { asRoot, isRoot } from './user-namespace';
import { run } from '../../process';

const TRY_MS = 10_000;

/**
 * Why an ordinary user cannot mount overlays on a file system here. Undefined: one was mounted. It is tried in the folder, or in the
 * nearest above it that there is, where nothing is left. GOLDEN_OVERLAY=0 does without them.
 */
export async function overlayFault(folder: string): Promise<string | undefined> {
  if (isRoot()) { return undefined; }
  if (process.env.GOLDEN_OVERLAY === '0') { return 'GOLDEN_OVERLAY=0 is set'; }
  let place = folder;
  while (place !== '/' && !await access(place).then(() => true, () => false)) { place = dirname(place); }
  // Whoever needs it says what is wrong with a folder that cannot be written to.
  if (!await access(place, constants.W_OK).then(() => true, () => false)) { return undefined; }
  const tried = await mkdtemp(join(place, '.golden-overlay-'));
  try {
    for (const name of ['lower', 'upper', 'work', 'root']) { await mkdir(join(tried, name)); }
    const mount = ['mount', '-t', 'overlay', 'overlay', '-o', 'lowerdir=lower,upperdir=upper,workdir=work,userxattr,volatile', 'root'];
    const { exitCode, stderr } = await run(['env', '-C', tried, ...asRoot(['unshare', '--mount', '--', ...mount])], { timeoutMs: TRY_MS });
    return exitCode === 0 ? undefined : stderr.toString().trim().split('\n')[0] || `mount ended with exit code ${exitCode}`;
  } finally {
    await removeFolder(tried);
  }
}
