import { readFileSync } from 'fs';
import type { Plugin } from 'esbuild';

/**
 * Gives objects in the schemas of the AWS SDK the names of their properties in place of constants that hold them: `{ [_n]: 1 }`. To
 * read a constant might do something, as far as a bundler knows, so that it would keep the schemas of all calls that a service has.
 */
export function withPlainNames(code: string): string {
  const texts = new Map(Array.from(code.matchAll(/^const (\w+) = ("[^"\\\n]*");$/gm), ([, name, text]) => [name, text]));
  return code.replace(/\[(\w+)\]:/g, (written, name: string) => (texts.has(name) ? `${texts.get(name)}:` : written));
}

/** Has only those schemas bundled that are used. */
export const usedSchemas: Plugin = {
  name: 'used-schemas',
  setup: (build) => {
    build.onLoad({ filter: /[\\/]dist-es[\\/](.*[\\/])?schemas[\\/]schemas_\d+\.js$/ }, ({ path }) => ({ contents: withPlainNames(readFileSync(path, 'utf8')), loader: 'js' }));
  },
};
