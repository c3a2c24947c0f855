import { rm } from 'fs/promises';
import { run } from '../../process';

/** Removes a folder and all that is in it, files that somebody made immutable with chattr(1) included. */
export async function removeFolder(folder: string): Promise<void> {
  try {
    await rm(folder, { recursive: true, force: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') { throw error; }
    await run(['chattr', '-R', '-f', '-i', '-a', folder], { timeoutMs: 60_000 });
    await rm(folder, { recursive: true, force: true });
  }
}
