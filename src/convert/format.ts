/** What a format is to those who read and write models: a name, a reader that knows its own, and a writer. */
import type { Model } from '../nn/model.ts';
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
