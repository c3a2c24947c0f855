import { relative } from 'path';

/** A path as a person would write it from a folder: relative where it lies below, else absolute. */
export function shownPath(folder: string, path: string): string {
  const short = relative(folder, path);
  return short === '..' || short.startsWith('../') ? path : short || '.';
}
