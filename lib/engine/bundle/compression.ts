import { promisify } from 'util';
import { deflate, type ZlibOptions } from 'zlib';
import type { Bundle, BundleFile } from './bundle';
import type { Communicator } from '../../ports/communicator';

/** A short wire gains nothing from compression; any other does, even from the cheapest. */
const COMPRESSION = { exec: 0, ssh: 1, ssm: 6 } as const;

/** Files from this size on are looked into: compressing what cannot be compressed takes longer than sending it. */
const LARGE = 4 << 20;
const SAMPLE = 256 << 10;

const compressed = promisify<Buffer, ZlibOptions, Buffer>(deflate);

/** What is worth less than this is not worth its time. */
const WORTHWHILE = 0.9;

/** How much to compress a bundle on its way; 0: not at all. */
export function compressionFor(kind: Communicator['kind'], bundle: Bundle, dense: readonly BundleFile[]): number {
  const sizeOf = (files: readonly BundleFile[]) => files.reduce((sum, { size }) => sum + size, 0);
  const files = bundle.instructions.flatMap((instruction) => instruction.files);
  return sizeOf(files.filter((file) => dense.includes(file))) * 2 > sizeOf(files) ? 0 : COMPRESSION[kind];
}

/** Those large files of a bundle that would get hardly smaller. */
export async function denseFiles(bundle: Bundle): Promise<readonly BundleFile[]> {
  const dense: BundleFile[] = [];
  for (const file of bundle.instructions.flatMap((instruction) => instruction.files)) { if (await isDense(file)) { dense.push(file); } }
  return dense;
}

/** Whether its content would get hardly smaller. Judged by its beginning; what is small is not looked into. */
async function isDense(file: BundleFile): Promise<boolean> {
  if (file.size < LARGE) { return false; }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of file.content()) {
    pieces.push(piece);
    size += piece.length;
    if (size >= SAMPLE) { break; }
  }
  const sample = Buffer.concat(pieces).subarray(0, SAMPLE);
  return (await compressed(sample, { level: 1 })).length > sample.length * WORTHWHILE;
}
