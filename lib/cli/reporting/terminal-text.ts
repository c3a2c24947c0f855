/** Escape sequences of terminals: CSI, OSC and the like (to their end), and the short ones. */
const ESCAPES = /\x1b(?:\[[0-?]*[ -/]*[@-~]|[\]PX^_][^\x07\x1b]*(?:\x07|\x1b\\)?|[ -/]*[0-~])/g; // eslint-disable-line no-control-regex

/** What else a terminal would act upon, the C1 controls included. */
const CONTROLS = /[\x00-\x08\x0a-\x1f\x7f-\x9f]/g; // eslint-disable-line no-control-regex

/** Most lines have nothing of all this. */
const SPECIAL = /[\x00-\x1f\x7f-\x9f]/; // eslint-disable-line no-control-regex

/** One line that machines wrote, made harmless: they must not move our cursor, set titles or answer for the user. */
export function harmlessLine(line: string): string {
  if (!SPECIAL.test(line)) { return line; }
  // A progress bar overwrites itself; what stands in the end is what counts.
  const visible = line.replace(/\r+$/, '').split('\r').pop()!;
  return visible.replace(ESCAPES, '').replace(/\t/g, '    ').replace(CONTROLS, '');
}

/** Messages quote what stands in files, and nobody reads on to the end of a longer line. */
const LONGEST_MESSAGE_LINE = 2000;

/** A message of several lines, made harmless: it may quote files and machines. */
export function harmlessText(text: string): string {
  return text.split('\n').map((line) => cut(harmlessLine(line.slice(0, 2 * LONGEST_MESSAGE_LINE)), LONGEST_MESSAGE_LINE)).join('\n');
}

/** Cuts a line to a width. */
export function cut(line: string, width: number): string {
  // A character has two units at most: what stands behind those is not looked at, however much it is.
  const characters = [...line.slice(0, 2 * Math.max(0, width) + 2)];
  return characters.length <= width ? line : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** A line that is longer, as of a program that writes bytes, is shown in parts: nobody has the memory for a line without an end. */
const LONGEST_LINE = 64 << 10;

/** Puts lines together from the pieces in which a stream arrives. */
export class LineAssembler {
  private rest = '';

  /** The lines that this piece completes. */
  add(text: string): string[] {
    const lines = `${this.rest}${text}`.split('\n');
    this.rest = lines.pop()!;
    if (this.rest.length > LONGEST_LINE) { lines.push(...this.flush()); }
    return lines;
  }

  /** What came without a newline. */
  flush(): string[] {
    const lines = this.rest === '' ? [] : [this.rest];
    this.rest = '';
    return lines;
  }
}
