/**
 * Quotes one word for a POSIX shell. Everything that reaches a shell goes through here.
 * A NUL cannot be part of a word in any shell or system call, so it is refused.
 */
export function quote(word: string): string {
  if (word.includes('\0')) { throw new RangeError('A NUL byte cannot be part of a shell word'); }
  return /^[A-Za-z0-9_/:=.,@%+-]+$/.test(word) ? word : `'${word.replace(/'/g, '\'\\\'\'')}'`;
}

/** Quotes each word, and joins them to one command line. */
export function quoteAll(words: readonly string[]): string {
  return words.map(quote).join(' ');
}
