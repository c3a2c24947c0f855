import { createHash } from 'crypto';
import { createReadStream, createWriteStream } from 'fs';
import { mkdir, rm } from 'fs/promises';
import { join } from 'path';
import { Readable } from 'stream';
import { pipeline } from 'stream/promises';
import type { ReadableStream } from 'stream/web';
import { fetchHint } from './fetch-hint';
import { asRoot, isRoot } from './user-namespace';
import { GoldenError } from '../../errors';
import type { RootTarSource } from '../../plan/model';
import { output } from '../../process';

/**
 * Unpacks a root tar into `<folder>/root`. Its SHA-256 is computed while it streams in, and nothing is unpacked before it holds.
 * Errors: `root-tar-unreadable`, `wrong-checksum`.
 */
export async function unpackRootTar(source: RootTarSource, folder: string, options: { readonly signal: AbortSignal }): Promise<void> {
  const copy = join(folder, 'root.tar');
  const hash = createHash('sha256');
  const content = await openRootTar(source.location, options.signal);
  await pipeline(
    content,
    async function* digest(pieces: AsyncIterable<Buffer>) { for await (const piece of pieces) { hash.update(piece); yield piece; } },
    createWriteStream(copy),
    { signal: options.signal },
  ).catch((error: unknown) => {
    // What the operating system refuses is explained by who knows where it is written to.
    if (options.signal.aborted || (error instanceof Error && 'syscall' in error)) { throw error; }
    throw unreadable(source.location, `it ended in the middle: ${reasonOf(error)}`, error);
  });
  const found = hash.digest('hex');
  if (found !== source.sha256) {
    throw new GoldenError('wrong-checksum', `${source.location} has the SHA-256 ${found}, and the source says ${source.sha256}`, {
      hint: 'Check the location, and put the right SHA-256 into the source.',
    });
  }
  const root = join(folder, 'root');
  await mkdir(root, { mode: 0o755 });
  // tar finds out by itself how the file is compressed.
  await unpackTar(copy, root, options);
  await rm(copy);
}

/** Unpacks a root tar with its owners and attributes. */
export async function unpackTar(tar: string, root: string, options: { readonly signal: AbortSignal }): Promise<void> {
  await output(asRoot([
    'tar', '--extract', '--file', tar, '--directory', root, '--numeric-owner', '--same-owner', '--same-permissions', '--acls', '--xattrs', '--xattrs-include=*',
    // Nobody but root may make devices, and a machine finds its own.
    ...isRoot() ? [] : ['--anchored', '--exclude=./dev/*', '--exclude=dev/*'],
  ]), options);
}

async function openRootTar(location: string, signal: AbortSignal): Promise<Readable> {
  if (!/^https?:\/\//.test(location)) {
    const stream = createReadStream(location);
    return new Promise((resolve, reject) => {
      stream.once('open', () => resolve(stream));
      stream.once('error', (error) => reject(unreadable(location, error.message, error)));
    });
  }
  const response = await fetch(location, { signal }).catch((error: Error) => { throw unreadable(location, reasonOf(error), error); });
  if (!response.ok || !response.body) { throw unreadable(location, `the server answered ${response.status} ${response.statusText}`); }
  return Readable.fromWeb(response.body as ReadableStream<Uint8Array>);
}

function unreadable(location: string, why: string, cause?: unknown): GoldenError {
  return new GoldenError('root-tar-unreadable', `${location} cannot be read: ${why}`, {
    hint: fetchHint(why, location) ?? 'Put it there, or give the source another path or an http(s) URL.', cause,
  });
}

/** `fetch` only says that it failed, and keeps why. */
function reasonOf(error: unknown): string {
  const { cause, message } = error as { readonly cause?: NodeJS.ErrnoException; readonly message: string };
  return cause ? `${cause.code ?? ''} ${cause.message}`.trim() : message;
}
