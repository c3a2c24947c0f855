import { createHash } from 'crypto';

/** JSON with sorted keys and without undefined members: the same value gives the same bytes everywhere. */
export function canonicalJson(value: unknown, indent?: number): string {
  return JSON.stringify(sorted(value), undefined, indent);
}

/** SHA-256, in hex, of the canonical JSON of a value. */
export function digestOf(value: unknown): string {
  return createHash('sha256').update(canonicalJson(value)).digest('hex');
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) { return value.map(sorted); }
  if (value === null || typeof value !== 'object') { return value; }
  const source = value as Record<string, unknown>;
  // Code unit order, never the locale's.
  return Object.fromEntries(Object.keys(source).sort().filter((key) => source[key] !== undefined).map((key) => [key, sorted(source[key])]));
}
