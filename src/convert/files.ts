/** Where the files of a model come from: a folder, one file, a URL, a `Blob`, or bytes in memory. */
import { show } from '../values/dtype.ts';
import { FormatError } from '../values/errors.ts';

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

/** A file's name, checked. Throws `FormatError` for one that leaves the folder, or is none. */
export function checkPath(where: string, path: unknown): string {
  const parts = typeof path === 'string' ? path.split('/') : [];
  const leaves = parts.some((part) => part === '..' || part === '.' || part === '');
  if (typeof path === 'string' && !leaves && !/[\\:\0]/.test(path)) return path;
  throw new FormatError(
    `${where}: file name ${show(path)}; use a relative one that stays in the model's folder`,
  );
}

/** Throws `FormatError` where a file ends before what is asked of it. */
export function checkRange(where: string, size: number, { from, to }: ByteRange): void {
  if (from <= to && to <= size) return;
  throw new FormatError(`${where}: bytes ${from} to ${to} of a file of ${size}: it is cut off`);
}

/** What a source says that does not have the file. */
export function missing(where: string): FormatError {
  return new FormatError(`${where}: no such file`);
}

/** Files that are blobs or bytes; `main` is the first where there is one. */
export function filesInMemory(
  files: ReadonlyMap<string, Blob | Uint8Array>,
  name = files.size === 1 ? [...files.keys()][0]! : 'files in memory',
): ModelFiles {
  const sizeOf = (file: Blob | Uint8Array) => (file instanceof Uint8Array ? file.byteLength : file.size);
  return {
    name,
    main: files.size === 1 ? [...files.keys()][0] : undefined,
    list: async () => [...files.keys()],
    size: async (path) => {
      const file = files.get(path);
      return file && sizeOf(file);
    },
    read: async (path, range) => {
      const where = `${name}: ${checkPath(name, path)}`;
      const file = files.get(path);
      if (!file) throw missing(where);
      const { from, to } = range ?? { from: 0, to: sizeOf(file) };
      checkRange(where, sizeOf(file), { from, to });
      if (file instanceof Uint8Array) return file.subarray(from, to);
      return new Uint8Array(await file.slice(from, to).arrayBuffer());
    },
  };
}
