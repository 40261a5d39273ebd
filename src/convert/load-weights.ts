/** The weights of a file of Keras's put into a model that is there. */
import type { Model } from '../nn/model.ts';
import { FormatError } from '../values/errors.ts';
import { pairsOf } from './assign.ts';
import type { ModelFiles } from './files.ts';
import { isHdf5, openHdf5 } from './hdf5/file.ts';
import { readKerasArchive, readKerasWeights } from './keras/archive.ts';
import { isLegacy, readLegacyH5 } from './keras/legacy-h5.ts';
import { modelToConfig } from './keras/write-model.ts';
import type { StoredModel } from './stored-model.ts';
import { isZip } from './zip.ts';

/** Whether these are the first bytes of a file whose weights `loadKerasWeights` reads. */
export function isKeras(begin: Uint8Array): boolean {
  return isHdf5(begin) || isZip(begin);
}

/**
 * Gives the model the weights in its main file: .h5, .weights.h5 or .keras. Layers are found by name or, where names differ, by order.
 * Throws `FormatError` where they do not fit; then no weight has changed.
 */
export async function loadKerasWeights(model: Model, files: ModelFiles): Promise<void> {
  model.build();
  const pairs = pairsOf(files.name, model, await storedFor(model, files));
  const values = await Promise.all(pairs.map(({ tensor }) => tensor.read()));
  for (const [index, { variable }] of pairs.entries()) variable.assign(values[index]!);
}

async function storedFor(model: Model, files: ModelFiles): Promise<StoredModel> {
  const { main } = files;
  if (main === undefined) throw new FormatError(`${files.name}: a folder; name the file of weights`);
  const architecture = modelToConfig(model, 'keras3');
  if (isZip(await files.read(main, { from: 0, to: Math.min(8, (await files.size(main)) ?? 0) })))
    return readKerasArchive(files, main, architecture);
  const legacy = await isLegacy(await openHdf5(files.name, files, main));
  return (legacy ? readLegacyH5 : readKerasWeights)(files, main, architecture);
}
