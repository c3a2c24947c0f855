import { readFileSync } from 'fs';
import { join } from 'path';
import { artifactsOf } from './artifacts';
import { storedLogs } from './build-logs';
import { readBuildRecord, type BuildRecord } from '../../engine/build-record';
import { entranceOf } from '../../engine/control/control-client';
import { readHistory } from '../../engine/history';
import { GoldenError } from '../../errors';
import type { Entrance } from '../../ports/attachment';
import type { Communicator } from '../../ports/communicator';
import type { HostContext, ImageView, Machine } from '../../ports/host';
import type { StateStore } from '../../ports/state';
import type { WiredHost } from '../surroundings';

/** A machine that people are let onto. */
export interface OpenMachine {
  readonly entrance: Entrance;
  /** For people: whose machine it is. */
  readonly description: string;
  /** `shown`: it was started to look into an image, and is thrown away. */
  readonly kind: 'running' | 'left' | 'shown';
  close(): Promise<void>;
}

export interface MachinePlaces {
  readonly stateFolder: string;
  readonly outputFolder: string;
  readonly state: StateStore;
  readonly context: HostContext;
  /** Opens the host of a build, as that was asked for; that of this computer without one. */
  openHost(build?: BuildRecord): Promise<WiredHost>;
}

const CONNECT_MS = 60_000;
/** For a machine that runs for long. */
const LEFT_CONNECT_MS = 15_000;
const LISTED = 12;

/**
 * The machine that is meant by a build or an image: that of the build that runs, else the one that was left, else one that is
 * started to look into the image. Errors: `no-such-machine`, which lists what there is; `no-machine-left`.
 */
export async function openMachine(name: string, places: MachinePlaces): Promise<OpenMachine> {
  return await runningBuild(name, places) ?? await leftMachine(name, places) ?? await shownImage(name, places);
}

async function runningBuild(name: string, { stateFolder }: MachinePlaces): Promise<OpenMachine | undefined> {
  for (const { buildId, image } of storedLogs(stateFolder)) {
    if (buildId !== name && image !== name) { continue; }
    const entrance = await entranceOf(stateFolder, buildId);
    if (entrance) { return { entrance, description: `the machine of the build ${buildId} of ${image}, which runs`, kind: 'running', close: async () => undefined }; }
  }
  return undefined;
}

async function leftMachine(name: string, places: MachinePlaces): Promise<OpenMachine | undefined> {
  for (const buildId of await places.state.unfinished()) {
    const build = await readBuildRecord(places.state, buildId);
    const { started } = build;
    if (!started || (buildId !== name && started.image !== name)) { continue; }
    const found = await (await places.openHost(build)).machineOf?.(build);
    if (!found) { continue; }
    await reach(found, places, 'The key to it was in the memory of its build, so only Systems Manager could reach it.\ngolden gc --host ec2 removes it.');
    return opened(found.communicator, `the machine ${found.machine.id} that the build ${buildId} of ${started.image} left`, 'left');
  }
  return undefined;
}

async function shownImage(name: string, places: MachinePlaces): Promise<OpenMachine> {
  const view = await viewOf(name, places);
  if (!view) { throw await noSuchMachine(name, places); }
  const wired = await places.openHost();
  if (!wired.show) { throw new GoldenError('no-machine-left', `No build of ${name} runs, and none left a machine`, { kind: 'usage' }); }
  const { machine, communicator, description } = await wired.show(view, places.context);
  try {
    await communicator.connect({ timeoutMs: CONNECT_MS, signal: places.context.signal });
  } catch (error) {
    await machine.destroy();
    throw error;
  }
  const { entrance, close } = opened(communicator, '', 'shown');
  return {
    entrance,
    description: `a machine that is thrown away, with ${description}`,
    kind: 'shown',
    close: async () => {
      await close();
      await machine.destroy();
    },
  };
}

/** What this computer has of an image. Undefined: nothing. */
async function viewOf(image: string, { stateFolder, outputFolder }: MachinePlaces): Promise<ImageView | undefined> {
  const history = await readHistory(stateFolder, image);
  const artifacts = artifactsOf(outputFolder, image).filter(({ images }) => !images);
  const artifact = history?.status === 'failed' ? undefined : artifacts.find(({ buildKey }) => buildKey === history?.buildKey) ?? artifacts[0];
  if (!history && !artifact) { return undefined; }
  const rootTar = artifact && rootTarOf(artifact.folder);
  return { image, layers: history?.layers ?? [], artifact: artifact && rootTar && { buildKey: artifact.buildKey, rootTar } };
}

function rootTarOf(folder: string): { readonly path: string; readonly sha256: string } | undefined {
  const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { readonly files: readonly { readonly name: string; readonly sha256: string }[] };
  const file = files.find(({ name }) => name === 'root.tar');
  return file && { path: join(folder, file.name), sha256: file.sha256 };
}

async function reach(
  { communicator, machine }: { readonly communicator: Communicator; readonly machine: Machine }, { context }: MachinePlaces, hint: string,
): Promise<void> {
  try {
    await communicator.connect({ timeoutMs: LEFT_CONNECT_MS, signal: context.signal });
  } catch (error) {
    await communicator.close();
    if (context.signal.aborted || !GoldenError.is(error)) { throw error; }
    throw new GoldenError('unreachable', `${machine.description} cannot be reached: ${error.message}`, { hint, cause: error });
  }
}

function opened(communicator: Communicator, description: string, kind: OpenMachine['kind']): OpenMachine {
  return { entrance: { attach: (command, options) => communicator.attach(command, options) }, description, kind, close: () => communicator.close() };
}

async function noSuchMachine(name: string, { stateFolder, state }: MachinePlaces): Promise<GoldenError> {
  const logs = storedLogs(stateFolder);
  if (logs.some(({ buildId }) => buildId === name) || (await state.builds()).includes(name)) {
    const image = logs.find(({ buildId }) => buildId === name)?.image ?? 'IMAGE';
    return new GoldenError('no-machine-left', `The build ${name} is over, and its machine is gone`, {
      kind: 'usage', hint: `golden logs ${name} shows what it printed; golden shell ${image} looks into the image.`,
    });
  }
  const images = [...new Set(logs.map(({ image }) => image))].slice(0, LISTED);
  return new GoldenError('no-such-machine', `There is no build, and no image that was built here, of the name ${name}`, {
    kind: 'usage', hint: images.length > 0 ? `There are: ${images.join(', ')}` : 'Nothing was built on this computer yet.',
  });
}
