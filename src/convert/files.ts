/** Where the files of a model come from: a folder, one file, a URL, a `Blob`, or bytes in memory. */

/** Bytes `from` (included) to `to` (not included) of a file. */
export interface ByteRange {
  readonly from: number;
  readonly to: number;
}

/**
 * A model's files by relative names with `/` between folders. Readers ask for what they need and hold no file longer than they
 * must: a model of 100 MB is read in about the time and memory of its file.
 */
export interface ModelFiles {
  /** What messages call the whole: a path, a URL, a name. */
  readonly name: string;
  /** The file that was named itself, where the source is one file; else undefined: a folder. */
  readonly main: string | undefined;
  /** Names of all files; undefined where the source cannot say (a URL). */
  list(): Promise<readonly string[] | undefined>;
  /** Bytes of a file; undefined where it is not there. */
  size(path: string): Promise<number | undefined>;
  /**
   * The bytes of a file, or of a part of it. Throws `FormatError` where it is not there, is shorter than the range, or its name leaves
   * the folder (`..`, absolute).
   */
  read(path: string, range?: ByteRange): Promise<Uint8Array>;
}
