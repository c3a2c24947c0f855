import { PatternAutomaton } from './pattern-automaton';
import { secretForms } from './secret-forms';

/** What stands where a secret stood. */
export const MASK = '***';

/** Keeps the secrets of one build out of all that leaves the engine. */
export class Redaction {
  private patterns = new PatternAutomaton([]);

  constructor(secrets: readonly string[] = []) {
    this.hide(secrets);
  }

  /** Sets the secrets; streams that were begun before do not know them. */
  hide(secrets: readonly string[]): void {
    this.patterns = new PatternAutomaton(secrets.flatMap(secretForms));
  }

  /** A redactor for one stream of bytes. */
  stream(): Redactor {
    return new Redactor(this.patterns);
  }

  /** A whole text without the secrets. */
  text(text: string): string {
    if (this.patterns.empty) { return text; }
    const redactor = this.stream();
    return Buffer.concat([redactor.push(Buffer.from(text)), redactor.end()]).toString();
  }
}

/** A part of the stream, by the positions of its first byte and of the byte after its last. */
interface Match {
  readonly begin: number;
  readonly end: number;
}

/**
 * Replaces secrets in a stream of bytes, across the borders of its pieces. Only bytes that may be the beginning of a secret
 * are held back until the next piece, or the end, tells.
 */
export class Redactor {
  /** What was not handed on yet. */
  private held: Buffer = Buffer.alloc(0);
  /** Position of the first held byte in the stream. */
  private start = 0;
  private state = 0;
  /** Secrets that were found in what is not handed on yet. */
  private matches: Match[] = [];
  /** All before this position is masked already. */
  private maskedUntil = 0;

  constructor(private readonly patterns: PatternAutomaton) {}

  /** Takes the next piece, and returns what can be shown now. */
  push(piece: Buffer): Buffer {
    if (this.patterns.empty) { return piece; }
    this.search(piece, this.start + this.held.length);
    const bytes = this.held.length === 0 ? piece : Buffer.concat([this.held, piece]);
    return this.show(bytes, this.start + bytes.length - this.patterns.depth(this.state));
  }

  /** Ends the stream, and returns what was held back. */
  end(): Buffer {
    this.state = 0;
    return this.show(this.held, this.start + this.held.length);
  }

  /** Finds the secrets that end in this piece, and joins those that overlap. */
  private search(piece: Buffer, position: number): void {
    for (let i = 0; i < piece.length; i++) {
      if (this.state === 0) {
        i = this.patterns.skip(piece, i);
        if (i === piece.length) { return; }
      }
      this.state = this.patterns.next(this.state, piece[i]);
      const length = this.patterns.matchLength(this.state);
      if (length === 0) { continue; }
      const end = position + i + 1;
      let begin = end - length;
      while (this.matches.length > 0 && this.matches[this.matches.length - 1].end > begin) {
        begin = Math.min(begin, this.matches.pop()!.begin);
      }
      this.matches.push({ begin, end });
    }
  }

  /** Hands on all before `decided`, where no secret can begin any more that was not found yet. */
  private show(bytes: Buffer, decided: number): Buffer {
    const output: Buffer[] = [];
    let from = Math.max(this.start, this.maskedUntil);
    while (this.matches.length > 0 && this.matches[0].begin < decided) {
      const { begin, end } = this.matches.shift()!;
      if (begin > from) { output.push(bytes.subarray(from - this.start, begin - this.start)); }
      // What begins inside a masked part continues it.
      if (begin >= this.maskedUntil) { output.push(Buffer.from(MASK)); }
      this.maskedUntil = end;
      from = end;
    }
    if (decided > from) { output.push(bytes.subarray(from - this.start, decided - this.start)); }
    // A copy, so that the piece can go.
    this.held = Buffer.from(bytes.subarray(decided - this.start));
    this.start = decided;
    return Buffer.concat(output);
  }
}
