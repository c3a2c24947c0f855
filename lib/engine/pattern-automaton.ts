/** Finds any of many byte strings in a stream, in one pass (Aho and Corasick, 1975). */
export class PatternAutomaton {
  /** Whether there is nothing to find. */
  readonly empty: boolean;
  private readonly children: Map<number, number>[] = [new Map()];
  private readonly fallback: number[] = [0];
  private readonly depths: number[] = [0];
  private readonly lengths: number[] = [0];
  /** The bytes that begin a pattern. */
  private readonly first = new Uint8Array(256);

  constructor(patterns: readonly Buffer[]) {
    const real = patterns.filter((pattern) => pattern.length > 0);
    this.empty = real.length === 0;
    real.forEach((pattern) => this.add(pattern));
    this.link();
  }

  /** The state after one more byte. */
  next(state: number, byte: number): number {
    let from = state;
    for (;;) {
      const to = this.children[from].get(byte);
      if (to !== undefined) { return to; }
      if (from === 0) { return 0; }
      from = this.fallback[from];
    }
  }

  /** How many of the last bytes may be the beginning of a pattern. */
  depth(state: number): number {
    return this.depths[state];
  }

  /** Length of the longest pattern that ends here, or 0. */
  matchLength(state: number): number {
    return this.lengths[state];
  }

  /** Index, from `index` on, of the first byte that begins a pattern, or the length of the piece. */
  skip(piece: Buffer, index: number): number {
    let i = index;
    while (i < piece.length && this.first[piece[i]] === 0) { i++; }
    return i;
  }

  private add(pattern: Buffer): void {
    let state = 0;
    this.first[pattern[0]] = 1;
    for (const byte of pattern) {
      let to = this.children[state].get(byte);
      if (to === undefined) {
        to = this.children.length;
        this.children.push(new Map());
        this.depths.push(this.depths[state] + 1);
        this.fallback.push(0);
        this.lengths.push(0);
        this.children[state].set(byte, to);
      }
      state = to;
    }
    this.lengths[state] = pattern.length;
  }

  /** Where to go on when a byte does not fit: the longest other beginning that these bytes end with. */
  private link(): void {
    const queue = [...this.children[0].values()];
    for (let i = 0; i < queue.length; i++) {
      const state = queue[i];
      for (const [byte, to] of this.children[state]) {
        this.fallback[to] = this.next(this.fallback[state], byte);
        queue.push(to);
      }
      this.lengths[state] ||= this.lengths[this.fallback[state]];
    }
  }
}
