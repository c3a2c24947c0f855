/** How a list of expectations and a list of values fit together, each used once at the most. */
export interface Pairing {
  /** Indexes of expectations without a value. */
  readonly missing: readonly number[];
  /** Indexes of values without an expectation. */
  readonly extra: readonly number[];
}

/**
 * The largest pairing of expectations with values: greedy choice would pair `["a", "ab"]` wrongly with the prefixes
 * `a` and `ab`, so paths of swaps are searched (bipartite matching).
 */
export function pair(expectations: number, values: number, fits: (expectation: number, value: number) => boolean): Pairing {
  const table = Array.from({ length: expectations }, (_e, e) => Array.from({ length: values }, (_v, v) => fits(e, v)));
  const takenBy = new Array<number | undefined>(values).fill(undefined);
  const place = (expectation: number, tried: Set<number>): boolean => {
    for (let value = 0; value < values; value++) {
      if (!table[expectation][value] || tried.has(value)) { continue; }
      tried.add(value);
      const holder = takenBy[value];
      if (holder === undefined || place(holder, tried)) {
        takenBy[value] = expectation;
        return true;
      }
    }
    return false;
  };
  const missing: number[] = [];
  for (let expectation = 0; expectation < expectations; expectation++) {
    if (!place(expectation, new Set())) { missing.push(expectation); }
  }
  return { missing, extra: takenBy.flatMap((holder, value) => (holder === undefined ? [value] : [])) };
}
