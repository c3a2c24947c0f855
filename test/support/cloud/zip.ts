import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'fs';
import { dirname, join } from 'path';
import { inflateRawSync } from 'zlib';

/** One entry of an archive. */
interface ZipEntry {
  readonly name: string;
  /** As a file system has it, kind of file included; `0` where the archive was not made on one with modes. */
  readonly mode: number;
  readonly content: Buffer;
}

const SYMBOLIC_LINK = 0o120000;

/** Reads an archive as `zip` and the tools of AWS write it: stored or deflated, without encryption, below 4 GiB. */
export function readZip(archive: Buffer): ZipEntry[] {
  const end = archive.lastIndexOf(Buffer.from([0x50, 0x4b, 0x05, 0x06]));
  if (end < 0) { throw new Error('This is not a zip archive'); }
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  return Array.from({ length: count }, () => {
    const method = archive.readUInt16LE(at + 10);
    const size = archive.readUInt32LE(at + 20);
    const nameLength = archive.readUInt16LE(at + 28);
    const local = archive.readUInt32LE(at + 42);
    const begin = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
    const packed = archive.subarray(begin, begin + size);
    const entry = {
      name: archive.toString('utf8', at + 46, at + 46 + nameLength),
      mode: archive.readUInt32LE(at + 38) >>> 16,
      content: method === 0 ? packed : inflateRawSync(packed),
    };
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
    return entry;
  });
}

/** Unpacks an archive into a folder, with modes and symbolic links. */
export function unpackZip(archive: Buffer, folder: string): void {
  for (const { name, mode, content } of readZip(archive)) {
    const path = join(folder, name);
    if (name.endsWith('/')) { mkdirSync(path, { recursive: true }); continue; }
    mkdirSync(dirname(path), { recursive: true });
    if ((mode & 0o170000) === SYMBOLIC_LINK) { symlinkSync(content.toString(), path); continue; }
    writeFileSync(path, content);
    if (mode & 0o777) { chmodSync(path, mode & 0o777); }
  }
}
