/** Keras's legacy .h5 files: whole models, and weights alone, as tf.keras and Keras 3 write them. */
import { FormatError } from '../../values/errors.ts';
import type { ModelFiles } from '../files.ts';
import { type Hdf5Group, openHdf5 } from '../hdf5/file.ts';
import { type Json, parseJson } from '../json.ts';
import type { KerasObject, StoredModel, StoredTensor } from '../stored-model.ts';
import { checkTotal, storedTensor } from './datasets.ts';
import { asModel, layersOf, nameOf } from './layers.ts';

/** What a file says of a model's weights. */
export type StoredWeights = Pick<StoredModel, 'weights' | 'order'>;

/**
 * Reads the model in the file `path`. Of a file that holds weights alone, `architecture` says which model they are of; layers are then found by
 * name, or, where names differ, by their order. Throws `FormatError` that says what is wrong, and where.
 */
export async function readLegacyH5(
  files: ModelFiles,
  path: string,
  architecture?: KerasObject,
): Promise<StoredModel> {
  const root = await openHdf5(files.name, files, path);
  const config = architecture ?? (await jsonOf(root, 'model_config'));
  if (!config)
    throw new FormatError(
      `${root.where}: no model_config: it holds weights alone; make their model and give them to it`,
    );
  const model = asModel(`${root.where}: model_config`, config);
  const group = (await root.open('model_weights')) ?? root;
  if (group.kind !== 'group') throw new FormatError(`${root.where}: 'model_weights' is no group`);
  const optimizer = await root.open('optimizer_weights');
  const version = await group.attribute('keras_version');
  return {
    format: 'Keras .h5',
    architecture: model,
    kerasVersion: typeof version === 'string' ? version : undefined,
    ...(await readWeights(group, model)),
    training: await jsonOf(root, 'training_config'),
    optimizerWeights: optimizer?.kind === 'group' ? await tensorsOf(optimizer) : undefined,
  };
}

/** Whether a file of HDF5 is in this layout: a whole model, or weights alone. */
export async function isLegacy(root: Hdf5Group): Promise<boolean> {
  return root.names.includes('model_weights') || (await textsOf(root, 'layer_names')) !== undefined;
}

async function readWeights(group: Hdf5Group, architecture: KerasObject): Promise<StoredWeights> {
  const names = await textsOf(group, 'layer_names');
  if (!names)
    throw new FormatError(`${group.where}: no attribute 'layer_names'; use a file that Keras saved`);
  const own = ownNames(group.where, names, architecture);
  const weights = new Map<string, readonly StoredTensor[]>();
  for (const [index, name] of names.entries()) {
    const layer = await group.open(name);
    if (layer?.kind !== 'group') throw new FormatError(`${group.where}: no group '${name}'`);
    const tensors = await tensorsOf(layer);
    if (tensors.length > 0) weights.set(own[index]!, tensors);
  }
  const top = await group.open('top_level_model_weights');
  if (top?.kind === 'group' && (await tensorsOf(top)).length > 0)
    throw new FormatError(
      `${top.where}: weights of the model besides its layers; use models of layers alone`,
    );
  checkTotal(group.where, [...weights.values()].flat(), group.size);
  return { weights, order: 'trainable first' };
}

/** The architecture's names of the layers that a file calls `names`. */
function ownNames(where: string, names: readonly string[], architecture: KerasObject): readonly string[] {
  const layers = layersOf(architecture) ?? [];
  const known = layers.map(nameOf);
  if (names.every((name) => known.includes(name))) return names;
  // A Sequential's input is a layer in its configuration, not in files of weights.
  const inOrder = [layers, layers.filter(({ class_name: kind }) => kind !== 'InputLayer')];
  const fits = inOrder.find(({ length }) => length === names.length);
  if (!fits)
    throw new FormatError(
      `${where}: layers ${names.join(', ')}; the model has ${known.join(', ')}: neither names nor numbers agree`,
    );
  return fits.map(nameOf);
}

/** The arrays of a group, in the order of its attribute `weight_names`. */
async function tensorsOf(group: Hdf5Group): Promise<StoredTensor[]> {
  const names = (await textsOf(group, 'weight_names')) ?? [];
  return Promise.all(
    names.map(async (name) => {
      const dataset = await group.open(name);
      if (dataset?.kind !== 'dataset') throw new FormatError(`${group.where}: no array '${name}'`);
      return storedTensor(name, dataset);
    }),
  );
}

/** A list of texts, which Keras splits over `name0`, `name1`, ... where it is long; undefined where there is none. */
async function textsOf(group: Hdf5Group, name: string): Promise<readonly string[] | undefined> {
  const whole = await group.attribute(name);
  if (whole !== undefined) return texts(group, name, whole);
  const parts: string[] = [];
  for (let index = 0; ; index++) {
    const part = await group.attribute(`${name}${index}`);
    if (part === undefined) return index === 0 ? undefined : parts;
    parts.push(...texts(group, `${name}${index}`, part));
  }
}

/** NumPy makes floats of an empty list. */
function texts(group: Hdf5Group, name: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((text) => typeof text === 'string')) return value;
  throw new FormatError(`${group.where}: attribute '${name}' is no list of names`);
}

async function jsonOf(root: Hdf5Group, name: string): Promise<Json | undefined> {
  const text = await root.attribute(name);
  if (text === undefined) return undefined;
  if (typeof text !== 'string') throw new FormatError(`${root.where}: attribute '${name}' is no text`);
  return parseJson(`${root.where}: attribute '${name}'`, text);
}
