/** One segment of a JSON pointer (RFC 6901). */
export function escapePointer(segment: string): string {
  return segment.replace(/~/g, '~0').replace(/\//g, '~1');
}

/** What a segment stands for. */
export function unescapePointer(segment: string): string {
  return segment.replace(/~1/g, '/').replace(/~0/g, '~');
}

/** A pointer, then those of what holds it, from the inside to the document itself. */
export function withAncestors(pointer: string): string[] {
  const segments = pointer.split('/');
  return segments.map((_, i) => segments.slice(0, segments.length - i).join('/'));
}
