import { GoldenError } from '../../errors';

/** How the programs that we run, and Node, say it; the last one is tar's way. */
const FULL = /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded|Wrote only \d+ of \d+ bytes/i;

/** Runs what writes much. Where the disk is full, the error says which one, and what to do. */
export async function explainingFullDisk<T>(folder: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!FULL.test(message)) { throw error; }
    throw new GoldenError('disk-full', `No space left for ${folder}`, {
      hint: 'Free some space (`golden gc` removes what old builds left behind), or set GOLDEN_HOME or --output to a folder on a larger disk.',
      cause: error,
    });
  }
}
