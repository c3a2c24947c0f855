/** What Node writes before an exception that nobody caught: the place of the code, then the code, then the exception. */
const UNCAUGHT = /^(?:\/|file:|node:)\S*:\d+$/;

const FRAME = /^ {4}at .*(?::\d+:\d+\)?|<anonymous>\)?)$/;

const VALIDATION = 'Error: Validation failed with the following errors:\n';

/**
 * Passes on what an app writes to its standard error, as it comes. What may be an exception that ends the app is kept back:
 * where it is the CDK's report of faults, the faults are what is to be read, not the code and the stack that threw them.
 */
export class AppOutput {
  private rest = '';
  private keptBack?: string;

  /** What may be shown already. */
  add(text: string): string {
    if (this.keptBack !== undefined) {
      this.keptBack += text;
      return '';
    }
    const lines = `${this.rest}${text}`.split('\n');
    this.rest = lines.pop()!;
    const uncaught = lines.findIndex((line) => UNCAUGHT.test(line));
    if (uncaught < 0) { return lines.map((line) => `${line}\n`).join(''); }
    this.keptBack = [...lines.slice(uncaught), this.rest].join('\n');
    this.rest = '';
    return lines.slice(0, uncaught).map((line) => `${line}\n`).join('');
  }

  /** The app has ended: the faults that the CDK reported, or whatever was kept back. */
  end(): { readonly faults?: string; readonly text: string } {
    const text = this.keptBack ?? this.rest;
    const begin = text.indexOf(VALIDATION);
    if (begin < 0) { return { text }; }
    const lines = text.slice(begin + VALIDATION.length).split('\n');
    const end = lines.findIndex((line) => FRAME.test(line));
    return { faults: lines.slice(0, end < 0 ? lines.length : end).join('\n').trimEnd(), text: '' };
  }
}
