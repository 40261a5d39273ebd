/** What a format is to those who read and write models: a name, a reader that knows its own, and a writer. */
import type { Model } from '../nn/model.ts';
import { FormatError } from '../values/errors.ts';
import type { ModelFiles } from './files.ts';
import type { StoredModel } from './stored-model.ts';

export interface WriteOptions {
  /** Weights as halves: half the size, rounded to 11 bits. Default false: float32. */
  readonly halfWeights?: boolean | undefined;
  /** With what `compile` was given, where the model is compiled. Default true. */
  readonly includeOptimizer?: boolean | undefined;
}

/** A file of a model on its way out, in pieces. */
export interface WrittenFile {
  /** Below the model's folder, with `/` between folders. */
  readonly path: string;
  readonly bytes: readonly Uint8Array[];
}

export interface Format {
  readonly name: string;
  /** By what it is known, for messages. */
  readonly signs: string;
  /**
   * The model in these files; undefined where they are of another format. By contents, not by names alone. Throws `FormatError` where they
   * are of this one and broken.
   */
  read(files: ModelFiles): Promise<StoredModel | undefined>;
  readonly writer?: FormatWriter;
}

export interface FormatWriter {
  /** By which `save` is told the format. */
  readonly key: string;
  /** How the path of a model of one file ends; undefined where a model is a folder. */
  readonly extension: string | undefined;
  /**
   * The files, in the order in which they are to be written: the last one, whose `path` is `main` where a model is one file, makes what is
   * there a model. Throws `ArgumentError`, before the first file, for a model that the format cannot hold.
   */
  write(model: Model, options: WriteOptions, main: string): AsyncIterable<WrittenFile>;
  /** Whether a file of a folder was written by this format for an earlier model, and goes once a newer one is there. */
  isPart?(path: string): boolean;
}

/** Bytes that tell formats apart. */
const BEGINNING = 16;

/**
 * The file that was named, or the only one in the folder whose name is of the format's, where it begins as the format does; else undefined.
 * Throws `FormatError` where several in the folder do.
 */
export async function fileBeginning(
  files: ModelFiles,
  begins: (bytes: Uint8Array) => boolean,
  names: RegExp,
): Promise<string | undefined> {
  const listed = files.main === undefined ? ((await files.list()) ?? []) : [files.main];
  const found: string[] = [];
  for (const path of files.main === undefined ? listed.filter((name) => names.test(name)) : listed) {
    const size = (await files.size(path)) ?? 0;
    const bytes = await files.read(path, { from: 0, to: Math.min(size, BEGINNING) });
    if (begins(bytes)) found.push(path);
  }
  if (found.length > 1) throw new FormatError(`${files.name}: ${found.join(', ')}: name one of them`);
  return found[0];
}
