import { Readable } from 'stream';
import { createGzip } from 'zlib';
import type { Allocate, Bundle, BundleFile } from './bundle';
import { FOLLOWER_SCRIPT } from './follower-script';
import { RUNNER_SCRIPT } from './runner-script';
import { TAR_END, tarHeader, tarPadding, tarSize, type TarMember } from './tar-header';
import { quoteAll } from '../../plan/shell';

/** Pieces of this size go through the compressor; a call for each header would take longer than the compression. */
const PIECE = 256 << 10;

/**
 * The one transfer of a bundle: a tar of the runner, what it is to do, scripts and contents. Holds no secret.
 * @param compression of gzip, 1 to 9; none for 0
 */
export function bundleArchive(bundle: Bundle, compression: number): Readable {
  const tar = Readable.from(inPieces(content(filesOf(bundle))), { objectMode: false });
  if (compression === 0) { return tar; }
  const gzip = createGzip({ level: compression, chunkSize: PIECE });
  tar.on('error', (error) => gzip.destroy(error));
  return tar.pipe(gzip);
}

/** The same, not compressed, in one piece of memory behind what comes before it. Undefined: it is larger than that. */
export async function archiveWithin(limit: number, bundle: Bundle, before: Buffer): Promise<Buffer | undefined> {
  const files = filesOf(bundle);
  const size = files.reduce((sum, file) => sum + tarSize(memberOf(file)), TAR_END.length);
  if (size > limit) { return undefined; }
  // What is read is read to where it belongs: megabytes are not copied.
  const whole = Buffer.allocUnsafeSlow(before.length + size);
  let end = before.copy(whole);
  for await (const piece of content(files, (length) => whole.subarray(end, end + length))) {
    if (piece.buffer !== whole.buffer) { piece.copy(whole, end); }
    end += piece.length;
  }
  return whole;
}

/** A file of a bundle whose content is at hand. */
export function textFile(name: string, text: string): BundleFile {
  const bytes = Buffer.from(text);
  return { name, size: bytes.length, content: () => Readable.from([bytes]) };
}

function filesOf(bundle: Bundle): readonly BundleFile[] {
  return [
    textFile('runner.sh', RUNNER_SCRIPT),
    textFile('follower.sh', FOLLOWER_SCRIPT),
    textFile('main.sh', mainScript(bundle)),
    ...bundle.instructions.flatMap(({ files }) => files),
  ];
}

/** Only root may read what is in a bundle; the runner hands each script to the user it runs as. */
function memberOf({ name, size }: BundleFile): TarMember {
  return { name: Buffer.from(name), type: 'file', mode: 0o500, size };
}

async function* content(files: readonly BundleFile[], allocate?: Allocate): AsyncGenerator<Buffer> {
  for (const file of files) {
    yield tarHeader(memberOf(file));
    yield* file.content(allocate);
    yield tarPadding(file.size);
  }
  yield TAR_END;
}

/** What the runner is to do: one call of its functions for each instruction. */
function mainScript(bundle: Bundle): string {
  const begin = ['begin', String(Math.round(bundle.sinceCheckpoint * 100))];
  return [begin, ...bundle.instructions.map(({ call }) => call)].map((words) => `${quoteAll(words)}\n`).join('');
}

async function* inPieces(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of source) {
    pieces.push(piece);
    size += piece.length;
    if (size < PIECE) { continue; }
    // What is large already is not copied.
    if (piece.length >= PIECE) { yield* pieces; } else { yield Buffer.concat(pieces); }
    pieces = [];
    size = 0;
  }
  if (size > 0) { yield Buffer.concat(pieces); }
}
