/** Finds what a command writes between two marks, and the exit code after the second, in pieces of any size. */
export class MarkedOutput {
  exitCode: number | undefined;
  private held = Buffer.alloc(0);
  private begun = false;

  constructor(private readonly begin: string, private readonly end: string) {}

  /** What of it can be told to be of the command. */
  take(piece: Buffer): Buffer {
    if (this.exitCode !== undefined) { return Buffer.alloc(0); }
    this.held = Buffer.concat([this.held, piece]);
    if (!this.begun) {
      const at = this.held.indexOf(this.begin);
      if (at < 0) { return Buffer.alloc(0); }
      this.begun = true;
      this.held = this.held.subarray(at + this.begin.length);
    }
    const at = this.held.indexOf(this.end);
    if (at < 0) { return this.release(this.held.length - this.beginningOfEnd()); }
    const code = /^(\d{1,3})\./.exec(this.held.toString('latin1', at + this.end.length));
    if (code) { this.exitCode = Number(code[1]); }
    return this.release(at);
  }

  /** What was written to a terminal in which the command never began. */
  get before(): string {
    return this.begun ? '' : this.held.toString();
  }

  private release(length: number): Buffer {
    const released = this.held.subarray(0, length);
    this.held = this.held.subarray(length);
    return released;
  }

  /** How many of the last bytes may belong to the mark. */
  private beginningOfEnd(): number {
    for (let length = Math.min(this.end.length - 1, this.held.length); length > 0; length--) {
      if (this.held.subarray(this.held.length - length).equals(Buffer.from(this.end.slice(0, length)))) { return length; }
    }
    return 0;
  }
}
