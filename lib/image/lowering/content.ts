import { closeSync, openSync, readSync, realpathSync } from 'fs';
import { basename, posix } from 'path';
import { Token } from 'aws-cdk-lib';
import { assetDigest, assetEntries, type AssetEntry } from '../../plan/asset';
import type { AssetReference, Text } from '../../plan/instructions';
import type { FileSource } from '../file-source';

/** What a file source holds, as the plan says it. */
export interface Content {
  readonly content: Text | AssetReference;
  /** Name of the file or folder; a text has none. */
  readonly name?: string;
  /** Not the folder itself but what is in it. */
  readonly contentsOnly: boolean;
  /** The first line, of a file or text. */
  readonly firstLine: string;
}

export type ReportFault = (code: string, message: string, hint: string) => void;
export type KeepAsset = (digest: string, path: string) => void;

/** Reads a file source. Undefined: it cannot be read, and a fault was reported. */
export function readContent(source: FileSource, fault: ReportFault, keep: KeepAsset): Content | undefined {
  const { _text: text, _path: path } = source;
  if (text !== undefined) { return { content: { text }, contentsOnly: false, firstLine: text.split('\n', 1)[0] }; }
  if (Token.isUnresolved(path)) {
    fault('token', 'The path of a file holds a CDK token', 'Give the path of a file that is there at synthesis.');
    return undefined;
  }
  return readAsset(path ?? '', fault, keep);
}

function readAsset(path: string, fault: ReportFault, keep: KeepAsset): Content | undefined {
  try {
    const root = realpathSync(path);
    const entries = assetEntries(root);
    const kind = entries[0].type === 'directory' ? 'directory' : 'file';
    if (kind === 'file' && path.endsWith('/')) { throw new Error(`${path} is not a folder`); }
    const escaping = entries.filter(leadsOut);
    escaping.forEach((link) => fault(
      'symlink-leads-out', `${path}: the symbolic link ${readable(link.path)} leads out of the folder, to ${readable(link.target!)}`,
      'Link to something in the folder, or make the link by a shell provisioner.',
    ));
    if (escaping.length > 0) { return undefined; }
    const asset = assetDigest(root);
    keep(asset, root);
    return {
      content: { asset, kind },
      name: basename(path),
      contentsOnly: kind === 'directory' && path.endsWith('/'),
      firstLine: kind === 'file' ? firstLineOf(root) : '',
    };
  } catch (error) {
    const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
    fault(
      missing ? 'missing-file' : 'unreadable-file',
      missing ? `There is no file ${JSON.stringify(path)}` : `${JSON.stringify(path)} cannot be taken: ${(error as Error).message}`,
      missing ? 'Relative paths start at the folder that the app runs in; path.join(__dirname, ...) is safer.' : 'Give a readable file or folder.',
    );
    return undefined;
  }
}

/** Whether a link, read as text, ends outside of the folder that it lies in. */
function leadsOut(entry: AssetEntry): boolean {
  if (entry.target === undefined) { return false; }
  const end = posix.join(posix.dirname(entry.path), entry.target);
  return posix.isAbsolute(entry.target) || end === '..' || end.startsWith('../');
}

/** Names in an asset are bytes; for a message UTF-8 will do. */
function readable(latin1: string): string {
  return Buffer.from(latin1, 'latin1').toString();
}

function firstLineOf(path: string): string {
  const start = Buffer.alloc(256);
  const fd = openSync(path, 'r');
  try {
    return start.toString('utf8', 0, readSync(fd, start)).split('\n', 1)[0];
  } finally {
    closeSync(fd);
  }
}
