import type { FileSource } from '../file-source';

/** What to place on the machine, and how. */
export interface FileProps {
  /** A file, a folder or a text. */
  readonly source: FileSource;

  /**
   * Absolute path on the machine. With a trailing slash, a folder to put the source into: `FileSource.asset('a.conf')` to
   * `/etc/` becomes `/etc/a.conf`. A folder `site` becomes `<destination>/site`, with or without that slash; the contents of a
   * folder, `site/`, go right into `<destination>`. Missing folders are made.
   */
  readonly destination: string;

  /**
   * Owner of all that is placed: a name or a number.
   *
   * @default 'root'
   */
  readonly owner?: string;

  /**
   * Group of all that is placed: a name or a number.
   *
   * @default 'root'
   */
  readonly group?: string;

  /**
   * Mode of each file, in octal.
   *
   * @default - `0755` for files that are executable where they come from, else `0644`
   */
  readonly mode?: string;

  /**
   * Mode of each folder that is made, in octal.
   *
   * @default '0755'
   */
  readonly directoryMode?: string;
}
