import { closeSync, existsSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync } from 'fs';
import { connect, type Server, type Socket } from 'net';
import { join } from 'path';

/** The kernel takes no longer name. */
const LONGEST_PATH = 100;

const DRAFT = '.';
const DRAFT_MS = 60_000;

function controlFolder(stateFolder: string): string {
  return join(stateFolder, 'control');
}

/** Lets a server listen where the processes of one user find the build that runs. It alone may connect. */
export async function listenAt(server: Server, stateFolder: string, buildId: string): Promise<void> {
  mkdirSync(controlFolder(stateFolder), { recursive: true, mode: 0o700 });
  await removeDeadSockets(stateFolder);
  // It gets its name when it takes connections: who looks before takes it for dead.
  await withShortPath(stateFolder, `${DRAFT}${buildId}`, (path) => new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Nobody else gets into the folder either.
    const before = process.umask(0o177);
    try {
      server.listen(path, resolve);
    } finally {
      process.umask(before);
    }
  }));
  renameSync(join(controlFolder(stateFolder), `${DRAFT}${buildId}`), join(controlFolder(stateFolder), buildId));
}

/** Connects to a build that runs on this computer. Undefined: it does not. */
export async function connectTo(stateFolder: string, buildId: string): Promise<Socket | undefined> {
  if (!existsSync(join(controlFolder(stateFolder), buildId))) { return undefined; }
  return withShortPath(stateFolder, buildId, (path) => new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once('connect', () => resolve(socket));
    socket.once('error', (error: NodeJS.ErrnoException) => {
      // Its process was killed, or has ended just now.
      if (error.code === 'ECONNREFUSED' || error.code === 'ENOENT') { resolve(undefined); } else { reject(error); }
    });
  }));
}

/** Whether a build runs on this computer. */
export async function isRunning(stateFolder: string, buildId: string): Promise<boolean> {
  const socket = await connectTo(stateFolder, buildId).catch(() => undefined);
  socket?.destroy();
  return socket !== undefined;
}

export function removeSocket(stateFolder: string, buildId: string): void {
  rmSync(join(controlFolder(stateFolder), buildId), { force: true });
}

/** Removes what builds left that were killed. Returns a line for each. */
export async function removeDeadSockets(stateFolder: string): Promise<string[]> {
  const folder = controlFolder(stateFolder);
  const names = existsSync(folder) ? readdirSync(folder) : [];
  const age = (name: string) => Date.now() - (statSync(join(folder, name), { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
  const builds = names.filter((name) => !name.startsWith(DRAFT) || age(name) > DRAFT_MS);
  const running = await Promise.all(builds.map((buildId) => isRunning(stateFolder, buildId)));
  return builds.filter((_, i) => !running[i]).map((buildId) => {
    removeSocket(stateFolder, buildId);
    return `control socket of the build ${buildId}, which was killed`;
  });
}

/** A folder that is open has a short name on Linux, however deep it lies. */
async function withShortPath<T>(stateFolder: string, buildId: string, act: (path: string) => Promise<T>): Promise<T> {
  const path = join(controlFolder(stateFolder), buildId);
  if (Buffer.byteLength(path) <= LONGEST_PATH) { return act(path); }
  const folder = openSync(controlFolder(stateFolder), 'r');
  try {
    return await act(`/proc/self/fd/${folder}/${buildId}`);
  } finally {
    closeSync(folder);
  }
}
