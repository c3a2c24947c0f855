import { createWriteStream } from 'fs';
import { copyFile, lstat, mkdir, symlink } from 'fs/promises';
import { posix } from 'path';
import type { Readable } from 'stream';
import { pipeline } from 'stream/promises';
import { extract, type Extract, type Header } from 'tar-stream';
import { GoldenError } from '../errors';

type Entry = Extract extends AsyncIterable<infer T> ? T : never;

/** Names are bytes: latin1 keeps them as they are. The types of tar-stream do not know this option. */
const AS_BYTES = { filenameEncoding: 'latin1' } as Parameters<typeof extract>[0];

/**
 * Extracts a tar that a machine made, below a folder and nowhere else: the machine may be hostile. What leads out of the
 * folder, and what is neither file, folder nor link, is left out. Returns a line for each thing that was left out.
 * Errors: `broken-archive`.
 */
export async function safeExtract(tar: Readable, folder: string): Promise<string[]> {
  const entries = extract(AS_BYTES);
  const leftOut: string[] = [];
  const extracting = (async () => {
    for await (const entry of entries) {
      const reason = await extractEntry(entry, folder);
      if (reason !== undefined) { leftOut.push(`${entry.header.name}: ${reason}`); }
      entry.resume();
    }
  })();
  await Promise.all([pipeline(tar, entries), extracting]).catch((error: unknown) => {
    if (GoldenError.is(error) || (error instanceof Error && 'syscall' in error)) { throw error; }
    throw new GoldenError('broken-archive', `What the machine sent is no archive that can be read: ${(error as Error).message}`, {
      hint: 'Look at the disk and the tar of the machine, and build again.', cause: error,
    });
  });
  return leftOut;
}

/** Returns why the entry was left out. */
async function extractEntry(entry: Entry, folder: string): Promise<string | undefined> {
  const { header } = entry;
  const name = innerPath(header.name);
  if (name === undefined) { return 'its path leads out of the folder'; }
  if (name.includes('\0')) { return 'its name has a NUL byte in it'; }
  if (name === '') { return undefined; }
  const parents = await makeParents(folder, name);
  if (!parents) { return 'a folder above it is a link'; }
  const path = bytePath(folder, name);
  if (header.type !== 'directory' && await lstat(path).then(() => true, () => false)) { return 'there is another one of this name'; }
  switch (header.type) {
    case 'directory':
      await mkdir(path, { recursive: true });
      return undefined;
    case 'file':
    case 'contiguous-file':
      await pipeline(entry, createWriteStream(path, { flags: 'wx', mode: (header.mode ?? 0o644) & 0o777 }));
      return undefined;
    case 'symlink': return extractLink(header, name, path);
    case 'link': return copyLinked(header, folder, path);
    default: return `it is a ${header.type ?? 'thing of no known type'}`;
  }
}

async function extractLink({ linkname }: Header, name: string, path: Buffer): Promise<string | undefined> {
  const target = linkname ?? '';
  if (target.startsWith('/') || innerPath(posix.join(posix.dirname(name), target)) === undefined) { return `it links to ${target}`; }
  await symlink(Buffer.from(target, 'latin1'), path);
  return undefined;
}

/** A hard link becomes a copy. */
async function copyLinked({ linkname }: Header, folder: string, path: Buffer): Promise<string | undefined> {
  const target = innerPath(linkname ?? '');
  if (!target || !await makeParents(folder, target) || !(await lstat(bytePath(folder, target)).catch(() => undefined))?.isFile()) {
    return `it links to ${linkname}`;
  }
  await copyFile(bytePath(folder, target), path);
  return undefined;
}

/** A path without `.` and `..`, relative to the folder. Undefined: it leads out of it. */
function innerPath(path: string): string | undefined {
  const inner = posix.normalize(path).replace(/\/+$/, '');
  if (inner.startsWith('/') || inner === '..' || inner.startsWith('../')) { return undefined; }
  return inner === '.' ? '' : inner;
}

/** Makes the folders above a path. False: one of them is something else, which might lead anywhere. */
async function makeParents(folder: string, name: string): Promise<boolean> {
  const segments = name.split('/').slice(0, -1);
  for (let depth = 1; depth <= segments.length; depth++) {
    const parent = bytePath(folder, segments.slice(0, depth).join('/'));
    const stats = await lstat(parent).catch(() => undefined);
    if (stats && !stats.isDirectory()) { return false; }
    if (!stats) { await mkdir(parent); }
  }
  return true;
}

function bytePath(folder: string, name: string): Buffer {
  return Buffer.concat([Buffer.from(`${folder}/`), Buffer.from(name, 'latin1')]);
}

/** A path of the user's that has to stay below a folder. Throws where it does not. */
export function relativeInside(path: string, origin: string): string {
  const inner = innerPath(path);
  if (inner) { return inner; }
  throw new GoldenError('invalid-destination', `${JSON.stringify(path)} is not a path inside the output folder`, {
    kind: 'invalid', path: origin, hint: 'Give a relative path without `..`.',
  });
}
