import type { Readable } from 'stream';
import { finished } from 'stream/promises';

/** All that a stream gives. */
export async function collect(stream: Readable): Promise<Buffer> {
  const pieces: Buffer[] = [];
  stream.on('data', (data: Buffer) => pieces.push(data));
  await finished(stream, { writable: false });
  return Buffer.concat(pieces);
}
