import { existsSync, lstatSync, statSync } from 'fs';
import { mkdtemp, rename, rm } from 'fs/promises';
import { basename, dirname, join, posix, resolve } from 'path';
import { PassThrough, type Readable } from 'stream';
import { pipeline } from 'stream/promises';
import { withMachine, type MachineOptions } from './machine-options';
import { safeExtract } from '../../engine/safe-extract';
import { GoldenError } from '../../errors';
import { quote, quoteAll } from '../../plan/shell';
import type { Entrance, EntranceOptions } from '../../ports/attachment';
import { start } from '../../process';
import type { OpenMachine } from '../app/machines';
import type { Surroundings } from '../surroundings';

/** A path on a machine. */
interface MachinePath {
  readonly name: string;
  readonly path: string;
}

/** Copies a file or a folder between this computer and the machine of a build, or of an image. */
export async function cpCommand(source: string, destination: string, options: MachineOptions, surroundings: Surroundings): Promise<number> {
  const [from, to] = [machinePath(source), machinePath(destination)];
  if (from && !to) {
    const target = resolve(surroundings.folder, destination);
    return withMachine(from.name, options, surroundings, ({ entrance }) => fetchFrom(entrance, from.path, target, surroundings));
  }
  if (to && !from) {
    const path = resolve(surroundings.folder, source);
    if (!existsSync(path)) { throw usage(`${source} is not there`); }
    return withMachine(to.name, options, surroundings, (machine) => sendTo(machine, path, to.path, { unpublished: !options.publish }));
  }
  throw usage('One of the two has to be on a machine, as in IMAGE:/path, and the other here', 'A path here with a colon in it can be written ./PATH.');
}

/** `IMAGE:/path`; what begins with a dot or a slash is here. */
function machinePath(text: string): MachinePath | undefined {
  const [, name, path] = /^([^./:][^:]*):(\/.*)$/s.exec(text) ?? [];
  return name === undefined ? undefined : { name, path };
}

/** Brings what a machine has: a machine may be hostile, so nothing leads out of where it is to go, and no folder is written over. */
async function fetchFrom(entrance: Entrance, path: string, destination: string, { stderr }: Surroundings): Promise<number> {
  const source = posix.normalize(path).replace(/(.)\/+$/, '$1');
  const isRoot = source === '/';
  if (isRoot) { throw usage('The whole of a machine is not copied', 'Name a file or a folder of it; root.tar of the finished image has all.'); }
  const isFolder = existsSync(destination) && statSync(destination).isDirectory();
  const final = isFolder ? join(destination, posix.basename(source)) : destination;
  if (!existsSync(dirname(final))) { throw usage(`The folder ${dirname(final)} is not there`); }
  if (existsSync(final) && lstatSync(final).isDirectory()) { throw usage(`The folder ${final} is there already`, 'Name another destination, or remove it.'); }
  const draft = await mkdtemp(join(dirname(final), '.golden-cp-'));
  try {
    const command = `exec ${quoteAll(['tar', '-cf', '-', '-C', posix.dirname(source), '--', posix.basename(source)])}`;
    const attachment = await entrance.attach(command, { readsOnly: true });
    attachment.stdin.end();
    const said = collect(attachment.stderr);
    const [leftOut] = await Promise.all([safeExtract(attachment.stdout, draft), attachment.ended]).catch(async (error: unknown) => {
      throw notCopied(path, await said, error);
    });
    if (await attachment.ended !== 0) { throw notCopied(path, await said); }
    leftOut.forEach((line) => stderr.write(`left out ${line}\n`));
    await rename(join(draft, posix.basename(source)), final);
    return 0;
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
}

async function sendTo({ entrance, kind }: OpenMachine, path: string, destination: string, options: EntranceOptions): Promise<number> {
  if (kind === 'shown') {
    throw new GoldenError('no-machine-left', 'No build of it runs, and none left a machine: what is copied would be thrown away at once', { kind: 'usage' });
  }
  const name = basename(path);
  const attachment = await entrance.attach(receiveScript(name, destination), options);
  const said = collect(attachment.stderr);
  attachment.stdout.resume();
  const tar = start(['tar', '-cf', '-', '-C', dirname(path), '--', name]);
  const [exitCode] = await Promise.all([
    attachment.ended,
    // The machine may refuse before all has been sent; it says why.
    pipeline(tar.stdout!, attachment.stdin).catch(() => undefined),
  ]);
  if (exitCode !== 0) { throw notCopied(destination, await said); }
  return 0;
}

/** As cp does: into a folder that is there, else under the name that is given. Everything belongs to root. */
function receiveScript(name: string, destination: string): string {
  return `set -e
umask 022
to=${quote(destination)} name=${quote(name)}
if [ -d "$to" ]; then to=$to/$name
elif [ "$to" != "\${to%/}" ]; then echo "the folder $to is not there" >&2; exit 1
elif [ ! -d "$(dirname -- "$to")" ]; then echo "the folder $(dirname -- "$to") is not there" >&2; exit 1
fi
draft=$(mktemp -d /var/tmp/golden-cp.XXXXXX)
trap 'rm -rf -- "$draft"' EXIT
tar -xf - --no-same-owner -C "$draft"
cp -aT -- "$draft/$name" "$to"`;
}

async function collect(stream: Readable): Promise<string> {
  const text: Buffer[] = [];
  for await (const data of stream.pipe(new PassThrough())) { text.push(data as Buffer); }
  return Buffer.concat(text).toString().trim();
}

function notCopied(path: string, said: string, cause?: unknown): GoldenError {
  const why = said.split('\n').slice(-3).join('\n') || (cause instanceof Error ? cause.message : 'no reason given');
  return new GoldenError('not-copied', `${path} could not be copied: ${why}`, { cause });
}

function usage(message: string, hint?: string): GoldenError {
  return new GoldenError('invalid-copy', message, { kind: 'usage', hint });
}
