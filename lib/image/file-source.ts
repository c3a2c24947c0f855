/** Where the bytes of a file come from. */
export class FileSource {
  /**
   * A file or a folder of the machine that synthesises. Its bytes are part of the image: another content is another image.
   *
   * A trailing slash says which part of a folder is meant, as with Packer: `site` is the folder itself, `site/` its contents.
   *
   * @param path absolute, or relative to the folder that the app runs in
   */
  public static asset(path: string): FileSource {
    return new FileSource(path, undefined);
  }

  /**
   * A file with this text, in UTF-8.
   *
   * @param text all of the text; nothing is added, not even a last newline
   */
  public static inline(text: string): FileSource {
    return new FileSource(undefined, text);
  }

  private constructor(
    /** @internal */
    public readonly _path: string | undefined,
    /** @internal */
    public readonly _text: string | undefined,
  ) {}
}
