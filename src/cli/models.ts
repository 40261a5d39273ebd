/** Trained models that commands are given: found and read before the GPU is asked for anything, then loaded with a bar. */
import { readModel } from '../convert/formats.ts';
import { modelFromConfig } from '../convert/keras/read-model.ts';
import { modelFromStored } from '../convert/load-model.ts';
import type { StoredModel } from '../convert/stored-model.ts';
import { filesInFolder } from '../node/folder-files.ts';
import type { Engine, Model } from '../node.ts';
import { during } from './progress.ts';

export interface GivenModel {
  readonly path: string;
  readonly stored: StoredModel;
  readonly inputSpecs: Model['inputSpecs'];
  /** The model with its weights, on `engine`: a new one each time, compiled as the file says if not told otherwise. Throws `FormatError`. */
  load(engine: Engine, options?: { silent?: boolean; compile?: boolean }): Promise<Model>;
}

/** Throws `FormatError` where there is no model, or none that can be run. */
export async function givenModel(path: string): Promise<GivenModel> {
  const stored = await readModel(await filesInFolder(path));
  return {
    path,
    stored,
    inputSpecs: modelFromConfig(stored.architecture, { where: path, kerasVersion: stored.kerasVersion })
      .inputSpecs,
    load: (engine, { silent = false, ...options } = {}) =>
      during('Reading weights', silent, (onProgress) =>
        modelFromStored(path, stored, { engine, onProgress, ...options }),
      ),
  };
}
