/** The formats that models are read from: one file each, and a place here. */
import { FormatError } from '../values/errors.ts';
import type { ModelFiles } from './files.ts';
import type { Format } from './format.ts';
import { kerasArchive, kerasH5 } from './keras/formats.ts';
import { safetensorsModel } from './safetensors-model.ts';
import { savedModel } from './saved-model/saved-model.ts';
import type { StoredModel } from './stored-model.ts';
import { tfjsGraphModel } from './tfjs/graph-model.ts';
import { tfjsLayersModel } from './tfjs/layers-model.ts';

export const FORMATS: readonly Format[] = [
  tfjsLayersModel,
  tfjsGraphModel,
  kerasArchive,
  kerasH5,
  safetensorsModel,
  savedModel,
];

/** Throws `FormatError`; where no format is met, one that lists what was looked for. */
export async function readModel(files: ModelFiles): Promise<StoredModel> {
  for (const format of FORMATS) {
    const found = await format.read(files);
    if (found) return found;
  }
  const signs = FORMATS.map(({ name, signs }) => `${name} (${signs})`).join(', ');
  throw new FormatError(`${files.name}: no model of a format that is known; looked for ${signs}`);
}
