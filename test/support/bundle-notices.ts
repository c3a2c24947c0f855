import { readdirSync, readFileSync } from 'fs';
import { join, resolve } from 'path';

const root = join(__dirname, '..', '..');

/** Folders of the packages whose code is in a bundle, by esbuild's list of what it read. */
export function bundledPackages(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

interface PackageFile {
  readonly name: string;
  readonly version: string;
  readonly license?: string;
  readonly repository?: { readonly url?: string };
}

/**
 * What the licences of bundled packages ask to be kept with their code. A package that forgot its own text has that of another
 * one here from the same repository under the same licence. Throws where there is none.
 */
export function bundleNotices(folders: readonly string[]): string {
  const notices = folders.map((folder) => {
    const own = read(folder);
    const text = textOf(folder) ?? folders.filter((other) => isSibling(own, read(other))).map(textOf).find((found) => found !== undefined);
    if (text === undefined) { throw new Error(`${folder} has no licence to keep with its code: take another package, or add its licence by hand`); }
    return `${own.name} ${own.version}\n\n${text}\n`;
  });
  return `The files in bin/ contain code of these packages.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

function read(folder: string): PackageFile {
  return JSON.parse(readFileSync(resolve(root, folder, 'package.json'), 'utf8')) as PackageFile;
}

function textOf(folder: string): string | undefined {
  const file = readdirSync(resolve(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
  return file === undefined ? undefined : readFileSync(resolve(root, folder, file), 'utf8').trim();
}

function isSibling(one: PackageFile, other: PackageFile): boolean {
  return one.license !== undefined && one.license === other.license
    && one.repository?.url !== undefined && one.repository.url === other.repository?.url;
}
