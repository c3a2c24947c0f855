/** A path from the root, without a NUL. */
export const ABSOLUTE_PATH = /^\/[^\0]*$/;

/** A user or group: a name or a number. */
export const ACCOUNT = /^([a-z_][a-z0-9_-]{0,31}\$?|[0-9]{1,10})$/;

/** SHA-256 in hex. */
export const SHA256 = /^[0-9a-f]{64}$/i;

/** Whether a path climbs by `..`. */
export function climbs(path: string): boolean {
  return path.split('/').includes('..');
}
