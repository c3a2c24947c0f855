import { isAscii } from 'buffer';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'fs';
import { createRequire } from 'module';
import { basename, dirname, join } from 'path';
import { Script } from 'vm';
import { crc32 } from 'zlib';
import { stateDraft } from '../engine/state-draft';

/** V8 wants its data aligned. */
const CHECKSUM_BYTES = 8;

/**
 * Loads a file of ours as `require` does, but for the compilation: what V8 made of it is kept in a folder, so that megabytes are
 * compiled once and not at every start. Where nothing can be kept there, the file is compiled as ever.
 */
export function requireCompiled(path: string, folder: string): unknown {
  const code = readFileSync(path);
  const name = `${basename(path)}-${identityOf(code)}.code`;
  const kept = readKept(join(folder, name));
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${textOf(code)}\n})`, { filename: path, cachedData: kept });
  if (!kept || script.cachedDataRejected) {
    // At the end, when it is known which functions are used.
    process.once('exit', () => keep(folder, name, basename(path), script));
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports;
}

/** V8 itself compares versions and lengths, not contents; a checksum is what Node.js takes for its own cache, and is no work. */
function identityOf(code: Buffer): string {
  return [process.version, process.arch, code.length.toString(16), crc32(code).toString(16)].join('-');
}

/** What a bundler writes is ASCII, which is read faster as such. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

/** V8 believes what it is given, and runs what a disk has damaged: before the data stands its checksum. */
function readKept(path: string): Buffer | undefined {
  try {
    const kept = readFileSync(path);
    const data = kept.subarray(CHECKSUM_BYTES);
    return kept.readUInt32LE() === crc32(data) ? data : undefined;
  } catch {
    return undefined;
  }
}

function withChecksum(data: Buffer): Buffer {
  const checksum = Buffer.alloc(CHECKSUM_BYTES);
  checksum.writeUInt32LE(crc32(data));
  return Buffer.concat([checksum, data]);
}

/** What other versions of the file have kept goes: only the last one is used. */
function keep(folder: string, name: string, file: string, script: Script): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = stateDraft(join(folder, name));
    writeFileSync(draft, withChecksum(script.createCachedData()), { mode: 0o600 });
    renameSync(draft, join(folder, name));
    for (const other of readdirSync(folder)) { if (other !== name && other.startsWith(`${file}-`)) { rmSync(join(folder, other), { force: true }); } }
  } catch {
    // It would have saved time, no more.
  }
}
