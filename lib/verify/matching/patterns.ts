import { MatchError, show } from './actual';
import { regexpTest } from './regexp';
import type { Expectation } from '../../plan/checks';

interface Pattern {
  readonly text: string;
  readonly inverse: boolean;
  readonly matches: (line: string) => boolean;
}

/**
 * Holds the patterns of Goss against text, line by line, and returns those that are not met: `foo` is in some line,
 * `!foo` in none, `/re/` matches some line, `!/re/` none, `\!foo` stands for a leading `!`.
 */
export function unmetPatterns(patterns: Expectation, text: string): readonly string[] {
  if (!Array.isArray(patterns)) { throw new MatchError(`have-patterns takes a list of patterns, got ${show(patterns)}`); }
  // A final newline ends the last line; it does not begin another one.
  const lines = text.split(/\r?\n/);
  if (lines[lines.length - 1] === '') { lines.pop(); }
  return patterns.map(parsePattern)
    // The empty pattern holds even for a text without lines.
    .filter((pattern) => pattern.text !== '' && lines.some(pattern.matches) === pattern.inverse)
    .map((pattern) => pattern.text);
}

function parsePattern(text: Expectation): Pattern {
  if (typeof text !== 'string') { throw new MatchError(`a pattern is a text, got ${show(text)}`); }
  const inverse = text.startsWith('!');
  const regexp = /^!?(\/.*)\/$/s.exec(text)?.[1].slice(1);
  if (regexp !== undefined) { return { text, inverse, matches: regexpTest(regexp) }; }
  // Goss drops every leading one of these, not only the first.
  const plain = text.replace(/^[\\/!]+/, '');
  return { text, inverse, matches: (line) => line.includes(plain) };
}
