/** Stands for a value in the text of a script. No script has this character. */
export const HOLE = '\0';

/**
 * Where a value stands in a script: by itself, between double quotes or in a here-document, in a comment; or where the shell
 * would not put it in, or something else than it.
 */
export type ShellPlace = 'bare' | 'quoted' | 'comment' | { readonly refused: string };

/** The places of all holes of a POSIX shell script, in order. */
export function shellPlaces(script: string): ShellPlace[] {
  const scanner = new ShellScanner(script);
  scanner.commands();
  return scanner.places;
}

interface HereDocument {
  readonly end: string;
  readonly quoted: boolean;
  readonly tabs: boolean;
}

/** Walks through a script as a shell would read it, as far as quoting goes. */
class ShellScanner {
  readonly places: ShellPlace[] = [];
  private at = 0;
  private readonly announced: HereDocument[] = [];
  /** Why nothing is known any more of what follows. */
  private lost?: string;

  constructor(private readonly text: string) {}

  /** Commands, to the end of the script or of the substitution that they stand in. */
  commands(end?: ')'): void {
    let wordBegins = true;
    while (this.at < this.text.length) {
      const character = this.text[this.at];
      if (wordBegins && end && /^case\s/.test(this.rest(5))) { this.lost ??= 'behind a case in $(...)'; }
      if (character === end) {
        this.at++;
        return;
      }
      if (character === '#' && wordBegins) {
        this.until('\n', 'comment', false);
        continue;
      }
      wordBegins = /[\s;&|()]/.test(character);
      switch (character) {
        case HOLE: this.take('bare'); break;
        case '\'': this.at++; this.until('\'', { refused: 'between single quotes' }); break;
        case '(': this.parenthesis(); break;
        case '<': this.redirection(); break;
        case '\n': this.at++; this.hereDocuments(); break;
        default: this.common('bare');
      }
    }
  }

  /** The body of a here-document that the shell expands. */
  expandedBody(): void {
    while (this.at < this.text.length) { this.common('quoted', false); }
  }

  /** What means the same with and without double quotes around it. */
  private common(place: 'bare' | 'quoted', quotes = true): void {
    switch (this.text[this.at]) {
      case HOLE: return this.take(place);
      case '\\': return this.escape();
      case '`': return this.backquotes();
      case '$': return this.dollar(place);
      case '"': return quotes ? this.doubleQuotes() : this.skip(1);
      default: return this.skip(1);
    }
  }

  private doubleQuotes(): void {
    this.at++;
    while (this.at < this.text.length) {
      if (this.text[this.at] === '"') { return this.skip(1); }
      this.common('quoted');
    }
  }

  private escape(): void {
    this.at++;
    if (this.text[this.at] === HOLE) { return this.take({ refused: 'right behind a backslash' }); }
    this.at++;
  }

  private backquotes(): void {
    this.at++;
    while (this.at < this.text.length && this.text[this.at] !== '`') {
      if (this.text[this.at] === HOLE) { this.take({ refused: 'between backquotes' }); } else if (this.text[this.at] === '\\') { this.escape(); } else { this.at++; }
    }
    this.at++;
  }

  private dollar(place: 'bare' | 'quoted'): void {
    const next = this.text[this.at + 1];
    if (next === '(' && this.text[this.at + 2] === '(') { return this.arithmetic(3); }
    switch (next) {
      case HOLE:
        this.at++;
        return this.take({ refused: 'right behind a dollar sign' });
      case '(':
        this.at += 2;
        return this.commands(')');
      case '{': return this.braces(place);
      case '\'': return place === 'bare' ? this.ansiQuotes() : this.skip(1);
      case '"': return this.skip(1);
      // As in $#, which begins no comment.
      default: return this.skip(next !== undefined && '#$?!*@-'.includes(next) ? 2 : 1);
    }
  }

  /** `${...}`. */
  private braces(place: 'bare' | 'quoted'): void {
    this.at += 2;
    while (this.at < this.text.length && this.text[this.at] !== '}') {
      const character = this.text[this.at];
      if (character === HOLE) { this.take({ refused: 'in ${...}' }); continue; }
      if (character !== '\'') { this.common(place); continue; }
      // Shells differ on whether these are quotes.
      if (place === 'quoted') { this.lost ??= 'behind a single quote in "${...}"'; }
      this.at++;
      if (place === 'bare') { this.until('\'', { refused: 'between single quotes' }); }
    }
    this.at++;
  }

  private parenthesis(): void {
    if (this.text[this.at + 1] === '(') { return this.arithmetic(2); }
    this.at++;
    this.commands(')');
  }

  /** A value in an arithmetic expression can run commands in some shells. */
  private arithmetic(length: number): void {
    this.at += length;
    let depth = 2;
    while (this.at < this.text.length && depth > 0) {
      const character = this.text[this.at];
      if (character === '(') { depth++; } else if (character === ')') { depth--; }
      if (character === HOLE) { this.take({ refused: 'in an arithmetic expression' }); } else { this.at++; }
    }
  }

  /** `$'...'` of bash. */
  private ansiQuotes(): void {
    this.at += 2;
    while (this.at < this.text.length && this.text[this.at] !== '\'') {
      if (this.text[this.at] === HOLE) { this.take({ refused: 'between single quotes' }); continue; }
      const escaped = this.text[this.at] === '\\';
      if (escaped && this.text[this.at + 1] === '\'') { this.lost ??= 'behind \\\' in $\'...\''; }
      this.at += escaped && this.text[this.at + 1] !== HOLE ? 2 : 1;
    }
    this.at++;
  }

  private redirection(): void {
    if (this.rest(3) === '<<<') { return this.skip(3); }
    if (this.rest(2) !== '<<') { return this.skip(1); }
    const [all, dash, word] = /^<<(-?)[ \t]*((?:'[^'\n]*'|"[^"\n]*"|\\.|[^\s;&|<>()'"\\])*)/.exec(this.text.slice(this.at))!;
    for (const character of word) {
      if (character === HOLE) { this.places.push({ refused: 'in the end of a here-document' }); }
    }
    this.at += all.length;
    this.announced.push({ end: word.replace(/['"\\]/g, ''), quoted: /['"\\]/.test(word), tabs: dash !== '' });
  }

  /** Those that the line before announced. */
  private hereDocuments(): void {
    for (const { end, quoted, tabs } of this.announced.splice(0)) {
      const body: string[] = [];
      while (this.at < this.text.length) {
        const [line] = this.text.slice(this.at).split('\n', 1);
        this.at += line.length + 1;
        if ((tabs ? line.replace(/^\t+/, '') : line) === end) { break; }
        body.push(line);
      }
      this.body(body.join('\n'), quoted);
    }
  }

  private body(text: string, quoted: boolean): void {
    const inner = new ShellScanner(text);
    if (quoted) { inner.until(undefined, { refused: 'in a here-document whose end is quoted' }); } else { inner.expandedBody(); }
    this.places.push(...inner.places.map((place) => this.known(place)));
    this.lost ??= inner.lost;
  }

  /** To a character, and behind it; all holes until there stand in the same place. */
  private until(end: string | undefined, place: ShellPlace, behind = true): void {
    while (this.at < this.text.length && this.text[this.at] !== end) {
      if (this.text[this.at] === HOLE) { this.take(place); } else { this.at++; }
    }
    if (behind) { this.at++; }
  }

  private take(place: ShellPlace): void {
    this.places.push(this.known(place));
    this.at++;
  }

  private known(place: ShellPlace): ShellPlace {
    return this.lost === undefined ? place : { refused: this.lost };
  }

  private skip(count: number): void {
    this.at += count;
  }

  private rest(length: number): string {
    return this.text.slice(this.at, this.at + length);
  }
}
