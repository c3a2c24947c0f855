const BLOCK = 512;

/** One member of a tar archive, as its header says it. Names are bytes: no encoding is assumed. */
export interface TarMember {
  readonly name: Buffer;
  readonly type: 'file' | 'directory' | 'symlink';
  readonly mode: number;
  /** Bytes that follow; of files only. */
  readonly size?: number;
  /** Target of a symbolic link. */
  readonly target?: Buffer;
  /** User and group by name; looked up on the machine where the archive is extracted. */
  readonly owner?: string;
  readonly group?: string;
  readonly uid?: number;
  readonly gid?: number;
}

const TYPE_FLAG = { file: '0', directory: '5', symlink: '2' } as const;

/** The header of a member in GNU format, which GNU tar and busybox both read, and which takes any bytes for a name. */
export function tarHeader(member: TarMember): Buffer {
  const name = member.type === 'directory' ? Buffer.concat([member.name, Buffer.from('/')]) : member.name;
  const target = member.target ?? Buffer.alloc(0);
  return Buffer.concat([
    ...(target.length > 100 ? longName('K', target) : []),
    ...(name.length > 100 ? longName('L', name) : []),
    header(member, name, target, TYPE_FLAG[member.type]),
  ]);
}

/** What fills the last block of a file's content. */
export function tarPadding(size: number): Buffer {
  return Buffer.alloc((BLOCK - size % BLOCK) % BLOCK);
}

/** What ends an archive. */
export const TAR_END = Buffer.alloc(2 * BLOCK);

/** Bytes that a member takes in an archive. */
export function tarSize(member: TarMember): number {
  const size = member.size ?? 0;
  return tarHeader(member).length + size + tarPadding(size).length;
}

/** A name of more than 100 bytes comes as the content of a member of its own. */
function longName(flag: 'K' | 'L', name: Buffer): Buffer[] {
  const content = Buffer.concat([name, Buffer.from([0])]);
  const member: TarMember = { name: Buffer.from('././@LongLink'), type: 'file', mode: 0o644, size: content.length };
  return [header(member, member.name, Buffer.alloc(0), flag), content, tarPadding(content.length)];
}

function header(member: TarMember, name: Buffer, target: Buffer, flag: string): Buffer {
  const block = Buffer.alloc(BLOCK);
  name.copy(block, 0, 0, 100);
  writeNumber(block, member.mode, 100, 8);
  writeNumber(block, member.uid ?? 0, 108, 8);
  writeNumber(block, member.gid ?? 0, 116, 8);
  writeNumber(block, member.size ?? 0, 124, 12);
  writeNumber(block, 0, 136, 12);
  block.write(flag, 156, 'latin1');
  target.copy(block, 157, 0, 100);
  block.write('ustar  ', 257, 'latin1');
  block.write(member.owner ?? '', 265, 32);
  block.write(member.group ?? '', 297, 32);
  writeChecksum(block);
  return block;
}

/** In octal; what does not fit, as files of more than 8 GiB, in the binary form of GNU tar. */
function writeNumber(block: Buffer, value: number, offset: number, length: number): void {
  const octal = value.toString(8);
  if (octal.length < length) {
    block.write(`${octal.padStart(length - 1, '0')}\0`, offset, 'latin1');
  } else {
    block[offset] = 0x80;
    block.writeBigUInt64BE(BigInt(value), offset + length - 8);
  }
}

/** The sum of all bytes of the header, with blanks for the sum itself. */
function writeChecksum(block: Buffer): void {
  block.write('        ', 148, 'latin1');
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
}
