import { readFileSync } from 'fs';
import { open } from 'fs/promises';
import { posix } from 'path';
import { Readable } from 'stream';
import type { Allocate, BundleFile } from './bundle';
import { TAR_END, tarHeader, tarPadding, tarSize, type TarMember } from './tar-header';
import { GoldenError } from '../../errors';
import { assetEntries, entryPath, type AssetEntry } from '../../plan/asset';
import type { PutInstruction } from '../../plan/instructions';

/** Contents up to this size are read in one go. */
const SMALL = 64 << 10;
const PIECE = 1 << 20;

/**
 * The archive that puts a file or folder in place when it is extracted in the folder above its destination,
 * with its owner, group and modes. Files get the time of that moment.
 * @param asset path of the asset; absent where the content is literal
 */
export function putArchive(name: string, instruction: PutInstruction, asset: string | undefined): BundleFile {
  const root = posix.basename(instruction.destination);
  const owner = ownership(instruction);
  if ('text' in instruction.content) {
    const text = Buffer.from(instruction.content.text);
    const member: TarMember = { ...owner, name: Buffer.from(root), type: 'file', mode: fileMode(instruction, false), size: text.length };
    return archive(name, [{ member, content: () => Readable.from(text.length > 0 ? [text] : []) }]);
  }
  return archive(name, assetEntries(asset!).map((entry) => ({
    member: memberOf(instruction, root, entry, owner),
    content: (allocate) => fileContent(entryPath(asset!, entry.path), entry.size, { origin: instruction.origin, allocate }),
  })));
}

interface Part {
  readonly member: TarMember;
  /** Called for files only. */
  content(allocate?: Allocate): AsyncIterable<Buffer>;
}

function archive(name: string, parts: readonly Part[]): BundleFile {
  return {
    name,
    size: parts.reduce((sum, { member }) => sum + tarSize(member), TAR_END.length),
    async* content(allocate) {
      for (const { member, content } of parts) {
        yield tarHeader(member);
        if (member.type !== 'file') { continue; }
        yield* content(allocate);
        yield tarPadding(member.size ?? 0);
      }
      yield TAR_END;
    },
  };
}

function memberOf(instruction: PutInstruction, root: string, entry: AssetEntry, owner: Partial<TarMember>): TarMember {
  // The destination may be `/` itself, which has no name.
  const prefix = root === '' ? Buffer.from('.') : Buffer.from(root);
  const name = entry.path === '' ? prefix : Buffer.concat([prefix, Buffer.from('/'), Buffer.from(entry.path, 'latin1')]);
  switch (entry.type) {
    case 'directory': return { ...owner, name, type: 'directory', mode: parseInt(instruction.directoryMode, 8) };
    case 'symlink': return { ...owner, name, type: 'symlink', mode: 0o777, target: Buffer.from(entry.target!, 'latin1') };
    case 'file': return { ...owner, name, type: 'file', mode: fileMode(instruction, entry.executable), size: entry.size };
  }
}

function fileMode(instruction: PutInstruction, executable: boolean): number {
  return parseInt(instruction.mode ?? (executable ? '0755' : '0644'), 8);
}

/** Names go into the archive as names, so that the machine that extracts it looks them up. */
function ownership({ owner, group }: PutInstruction): Partial<TarMember> {
  return {
    ...(isNumber(owner) ? { uid: Number(owner) } : { owner }),
    ...(isNumber(group) ? { gid: Number(group) } : { group }),
  };
}

/** Whether an owner or group is given as a number, and so needs no looking up. */
export function isNumber(name: string): boolean {
  return /^\d+$/.test(name);
}

export interface FileContentOptions {
  /** Of the instruction that it belongs to. */
  readonly origin: string;
  /** @default memory of its own for each piece */
  readonly allocate?: Allocate;
}

/**
 * The bytes of a file, of which small ones are read in one go: to open each of thousands as others do would take longer than to read it.
 * Errors: `asset-changed`.
 */
export async function* fileContent(
  path: string | Buffer, size: number, { origin, allocate = Buffer.allocUnsafe }: FileContentOptions,
): AsyncGenerator<Buffer> {
  let read = 0;
  for await (const piece of size <= SMALL ? [readFileSync(path)] : pieces(path, size, allocate)) {
    read += piece.length;
    yield piece;
  }
  if (read !== size) {
    throw new GoldenError('asset-changed', `${path.toString()} changed while it was sent`, {
      hint: 'Synthesise again, and leave the folder of the plan alone while it is built.', path: origin,
    });
  }
}

/** As much of a file as is expected, and a byte more where there is more. */
async function* pieces(path: string | Buffer, size: number, allocate: Allocate): AsyncGenerator<Buffer> {
  const file = await open(path, 'r');
  try {
    for (let left = size; left >= 0;) {
      const { bytesRead, buffer } = await file.read(left > 0 ? allocate(Math.min(PIECE, left)) : Buffer.alloc(1));
      if (bytesRead === 0) { return; }
      left -= bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}
