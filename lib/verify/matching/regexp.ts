import { MatchError, show } from './actual';

/** A test for a regular expression in the dialect of Goss, which is RE2: no look-around, no back-references, linear time. */
export function regexpTest(pattern: string): (text: string) => boolean {
  // Loaded on first use: most plans have no regular expression, and the engine is large.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  const { RE2JS } = require('re2js') as typeof import('re2js');
  try {
    const compiled = RE2JS.compile(pattern);
    return (text) => compiled.matcher(text).find();
  } catch (error) {
    throw new MatchError(`${show(pattern)} is not a regular expression of RE2: ${(error as Error).message}`);
  }
}
