/** What a format is to those who read models: a name, and a reader that knows its own. */
import type { ModelFiles } from './files.ts';
import type { StoredModel } from './stored-model.ts';

export interface Format {
  readonly name: string;
  /** By what it is known, for messages. */
  readonly signs: string;
  /**
   * The model in these files; undefined where they are of another format. By contents, not by names alone. Throws `FormatError` where they are
   * of this one and broken.
   */
  read(files: ModelFiles): Promise<StoredModel | undefined>;
}
