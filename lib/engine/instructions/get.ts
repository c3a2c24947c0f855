import { mkdir, mkdtemp, rename, rm } from 'fs/promises';
import { dirname, join, posix } from 'path';
import type { GetInstruction } from '../../plan/instructions';
import { quoteAll } from '../../plan/shell';
import { relativeInside, safeExtract } from '../safe-extract';
import type { EngineHandler } from './engine-handler';

const PACK_TIMEOUT_MS = 900_000;

/** Folder that what is fetched for an image goes to. */
export function fetchFolder(outputFolder: string, image: string): string {
  return join(outputFolder, image.replace(/\//g, '-'), 'files');
}

/** Fetches a file or folder, as a tar, and gives it its place in one act. */
export const getHandler: EngineHandler<GetInstruction> = {
  place: 'engine',
  async execute({ source, destination, origin }, { index, context, connection }) {
    const { plan, outputFolder } = context.request;
    const path = `${plan.image}/${origin}`;
    const folder = fetchFolder(outputFolder, plan.image);
    const final = join(folder, relativeInside(destination, path));
    const tar = `${context.folders.payload}/get-${index}.tar`;
    const pack = quoteAll(['tar', '-cf', tar, '-C', posix.dirname(source), '--', posix.basename(source)]);
    await connection.demand(`pack ${source}`, `mkdir -p ${context.folders.payload} && ${pack}`, { timeoutMs: PACK_TIMEOUT_MS });

    await mkdir(folder, { recursive: true });
    const draft = await mkdtemp(join(folder, '.draft-'));
    try {
      const leftOut = await safeExtract(await connection.communicator.download(tar), draft);
      leftOut.forEach((line) => context.report({ type: 'notice', level: 'warning', message: `${path}: left out ${line}` }));
      await mkdir(dirname(final), { recursive: true });
      await rm(final, { recursive: true, force: true });
      await rename(join(draft, posix.basename(source)), final);
    } finally {
      await rm(draft, { recursive: true, force: true });
    }
    await connection.execute(quoteAll(['rm', '-f', tar]));
    return 0;
  },
};
