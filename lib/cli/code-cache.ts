import { isAscii } from 'buffer';
import { createHash } from 'crypto';
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'fs';
import { createRequire } from 'module';
import { dirname, join } from 'path';
import { Script } from 'vm';

/**
 * Loads a file of ours as `require` does, but for the compilation: what V8 made of it is kept in a folder, so that megabytes are
 * compiled once and not at every start. Where nothing can be kept there, the file is compiled as ever.
 */
export function requireCompiled(path: string, folder: string): unknown {
  const name = `${createHash('sha256').update(identityOf(path)).digest('hex')}.code`;
  const kept = readKept(join(folder, name));
  const script = new Script(`(function (exports, require, module, __filename, __dirname) {${textOf(readFileSync(path))}\n})`, { filename: path, cachedData: kept });
  if (!kept || script.cachedDataRejected) {
    // At the end, when it is known which functions are used.
    process.once('exit', () => keep(folder, name, script));
  }
  const module = { exports: {} };
  script.runInThisContext()(module.exports, createRequire(path), module, path, dirname(path));
  return module.exports;
}

/**
 * V8 itself compares versions and lengths, not contents. A digest of megabytes would take as long as much of what is saved; the time
 * of the last change of a file's own record is none that anybody sets, as package managers do with the time of its content.
 */
function identityOf(path: string): string {
  const { dev, ino, size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  return [path, dev, ino, size, mtimeNs, ctimeNs, process.version, process.arch].join(' ');
}

/** What a bundler writes is ASCII, which is read faster as such. */
function textOf(bytes: Buffer): string {
  return bytes.toString(isAscii(bytes) ? 'latin1' : 'utf8');
}

function readKept(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}

/** What other versions have kept goes: only the last one is used. */
function keep(folder: string, name: string, script: Script): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = join(folder, `${name}.${process.pid}`);
    writeFileSync(draft, script.createCachedData(), { mode: 0o600 });
    renameSync(draft, join(folder, name));
    for (const other of readdirSync(folder)) { if (other !== name) { rmSync(join(folder, other), { force: true }); } }
  } catch {
    // It would have saved time, no more.
  }
}
