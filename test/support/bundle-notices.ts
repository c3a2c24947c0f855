import { readdirSync, readFileSync, rmSync, writeFileSync } from 'fs';
import { join, resolve } from 'path';

const root = join(__dirname, '..', '..');
const metafile = join(root, 'bin', 'golden.meta.json');

/** Folders of the packages whose code is in a bundle, by esbuild's list of what it read. */
export function bundledPackages(inputs: readonly string[]): string[] {
  const folders = inputs.flatMap((input) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(input)?.[0] ?? []);
  return [...new Set(folders)].sort();
}

/** What the licences of bundled packages ask to be kept with their code. Throws where a package has no licence. */
export function bundleNotices(folders: readonly string[]): string {
  const notices = folders.map((folder) => {
    const { name, version } = JSON.parse(readFileSync(resolve(root, folder, 'package.json'), 'utf8')) as { readonly name: string; readonly version: string };
    const file = readdirSync(resolve(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    if (!file) { throw new Error(`${folder} has no licence to keep with its code: take another package, or add its licence by hand`); }
    return `${name} ${version}\n\n${readFileSync(resolve(root, folder, file), 'utf8').trim()}\n`;
  });
  return `bin/golden.js contains code of these packages.\n\n${notices.join(`\n${'-'.repeat(80)}\n\n`)}`;
}

if (require.main === module) {
  const { inputs } = JSON.parse(readFileSync(metafile, 'utf8')) as { readonly inputs: { readonly [path: string]: unknown } };
  writeFileSync(join(root, 'bin', 'THIRD-PARTY-NOTICES'), bundleNotices(bundledPackages(Object.keys(inputs))));
  rmSync(metafile);
}
