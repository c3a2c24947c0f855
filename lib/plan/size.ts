/** How deeply a document is nested, and how many values it holds. */
export interface Size {
  readonly depth: number;
  readonly values: number;
}

/** Measures a document without recursion. Stops where it is deeper than a limit, so that a cycle ends too. */
export function measure(document: unknown, maxDepth: number): Size {
  let values = 0;
  let depth = 0;
  let level: unknown[] = [document];
  while (level.length > 0 && depth <= maxDepth) {
    values += level.length;
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null) { continue; }
      for (const member of Object.values(value)) { next.push(member); }
    }
    if (next.length > 0) { depth++; }
    level = next;
  }
  return { depth, values };
}
