import { deflateSync } from 'zlib';
import type { Bundle, BundleFile } from './bundle';
import type { Communicator } from '../../ports/communicator';

/** A short wire gains nothing from compression; any other does, even from the cheapest. */
const COMPRESSION = { exec: 0, ssh: 1, ssm: 6 } as const;

/** Files from this size on are looked into: compressing what cannot be compressed takes longer than sending it. */
const LARGE = 4 << 20;
const SAMPLE = 256 << 10;

/** What is worth less than this is not worth its time. */
const WORTHWHILE = 0.9;

/** How much to compress a bundle on its way; 0: not at all. */
export async function compressionFor(kind: Communicator['kind'], bundle: Bundle): Promise<number> {
  const files = bundle.instructions.flatMap((instruction) => instruction.files);
  let total = 0;
  let dense = 0;
  for (const file of files) {
    total += file.size;
    if (COMPRESSION[kind] > 0 && await isDense(file)) { dense += file.size; }
  }
  return dense * 2 > total ? 0 : COMPRESSION[kind];
}

/** Whether its content would get hardly smaller. Judged by its beginning; what is small is not looked into. */
export async function isDense(file: BundleFile): Promise<boolean> {
  if (file.size < LARGE) { return false; }
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of file.content()) {
    pieces.push(piece);
    size += piece.length;
    if (size >= SAMPLE) { break; }
  }
  const sample = Buffer.concat(pieces).subarray(0, SAMPLE);
  return deflateSync(sample, { level: 1 }).length > sample.length * WORTHWHILE;
}
