/** What to fetch from the machine. */
export interface FetchProps {
  /** Absolute path of a file or folder on the machine. */
  readonly source: string;

  /**
   * Where to put it, relative to the `files` folder among the image's output.
   *
   * @default - the last part of the source
   */
  readonly destination?: string;
}
