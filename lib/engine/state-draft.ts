import { createHash, randomBytes } from 'crypto';
import { readdir, rm, stat } from 'fs/promises';
import { basename, dirname, join } from 'path';
import { isAlive, thisProcess } from './process-identity';

const DRAFT = /\.draft-(\d+)-(\d+)-([0-9a-f]{8})-[0-9a-f]{8}$/;

/** A process of another system, such as a container with the same folder, cannot be seen; no draft takes it this long. */
const UNSEEN_MS = 3_600_000;

/** A new name for a file of the state folder until it is whole; it says which process writes it. */
export function stateDraft(path: string): string {
  const { pid, started, system } = thisProcess();
  return `${path}.draft-${pid}-${started}-${short(system)}-${randomBytes(4).toString('hex')}`;
}

/** Removes what nobody will finish: the processes that wrote it were killed. Returns one line for each. */
export async function removeDeadDrafts(stateFolder: string, now: number): Promise<string[]> {
  const code = join(stateFolder, 'code');
  const folders = [stateFolder, join(stateFolder, 'history'), ...(await namesIn(code)).map((command) => join(code, command))];
  const drafts = (await Promise.all(folders.map(async (folder) => (await namesIn(folder)).map((name) => join(folder, name))))).flat()
    .filter((path) => DRAFT.test(path));
  const removed = await Promise.all(drafts.map(async (path) => {
    if (!await isDead(path, now)) { return []; }
    await rm(path, { force: true });
    return [`unfinished file ${join(basename(dirname(path)), basename(path))}`];
  }));
  return removed.flat();
}

async function isDead(path: string, now: number): Promise<boolean> {
  const [, pid, started, system] = DRAFT.exec(path)!;
  const ours = thisProcess().system;
  const alive = system === short(ours) ? isAlive({ pid: Number(pid), started: Number(started), system: ours }) : undefined;
  return alive === undefined ? now - ((await stat(path).catch(() => undefined))?.mtimeMs ?? now) > UNSEEN_MS : !alive;
}

function short(system: string): string {
  return createHash('sha256').update(system).digest('hex').slice(0, 8);
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') { return []; }
    throw error;
  });
}
