/** TensorFlow.js layers-models, read: `model.json` with a Keras configuration, and weights in files beside it. */

import type { ModelFiles } from '../files.ts';
import type { Format } from '../format.ts';
import { isRecord, Place, parseJson } from '../json.ts';
import type { KerasObject, StoredModel, StoredTensor } from '../stored-model.ts';
import { type ManifestTensor, tensorsIn } from './manifest.ts';
import { isShard } from './shards.ts';
import { fromTensorFlowJs, scaleIn } from './training.ts';
import { writeLayersModel } from './write.ts';

/** Longest `model.json` that is looked at. */
const LONGEST_JSON = 2 ** 28;

export const tfjsLayersModel: Format = {
  name: 'TensorFlow.js layers-model',
  signs: 'model.json with modelTopology of a Keras configuration',
  read: async (files) => {
    const path = await jsonIn(files);
    if (path === undefined) return undefined;
    const where = path === files.main ? files.name : `${files.name}: ${path}`;
    const place = new Place(where, parseJson(where, await files.read(path)));
    const topology = place.at('modelTopology');
    return isRecord(topology.value) && !('node' in topology.value) ? modelFrom(place, files) : undefined;
  },
  writer: { key: 'tfjs', extension: undefined, write: writeLayersModel, isPart: isShard },
};

/** `model.json`, or the file that was named; undefined where it begins like no JSON. */
export async function jsonIn(files: ModelFiles): Promise<string | undefined> {
  const path = files.main ?? 'model.json';
  const size = await files.size(path);
  if (size === undefined || size > LONGEST_JSON) return undefined;
  const begin = new TextDecoder().decode(await files.read(path, { from: 0, to: Math.min(size, 64) }));
  return /^\uFEFF?\s*\{/.test(begin) ? path : undefined;
}

async function modelFrom(place: Place, files: ModelFiles): Promise<StoredModel> {
  const topology = place.at('modelTopology');
  const wrapped = topology.at('model_config');
  const config = wrapped.value === undefined ? topology : parsed(wrapped);
  config.at('class_name').string;
  const tensors = await tensorsIn(place.at('weightsManifest'), files);
  const own = tensors.filter(({ group }) => group !== 'optimizer');
  const version = topology.at('keras_version').value;
  const [written, theirs] = [topology.at('training_config').value, place.at('trainingConfig').value];
  const stored = tensors.filter(({ group }) => group === 'optimizer');
  const known = isRecord(theirs)
    ? fromTensorFlowJs(theirs, stored)
    : { training: undefined, weights: stored };
  const training = isRecord(written) ? written : known.training;
  return {
    ...{ format: 'TensorFlow.js layers-model', architecture: config.record as unknown as KerasObject },
    ...{ weights: byLayer(config, own), order: 'trainable first' },
    ...{ kerasVersion: typeof version === 'string' ? version : undefined },
    training,
    optimizerWeights: [...known.weights, ...scaleIn(training)],
  };
}

/** Some tools write the configuration as text in the text. */
function parsed(place: Place): Place {
  return typeof place.value === 'string'
    ? new Place(place.where, parseJson(place.where, place.value))
    : place;
}

/** Tensors of each layer of the model, by the layer's name in their own: `name/kernel`, `name/cell/kernel`, `name/0`. */
function byLayer(
  config: Place,
  tensors: readonly ManifestTensor[],
): ReadonlyMap<string, readonly StoredTensor[]> {
  const holders = holdersIn(config);
  const found = new Map<string, ManifestTensor[]>();
  for (const tensor of tensors) {
    // Keras 3's own files have folders between.
    const parts = tensor.name
      .split('/')
      .filter((part) => part !== 'vars' && part !== '_layer_checkpoint_dependencies');
    const prefixes = parts.map((_, index) => parts.slice(0, parts.length - 1 - index).join('/'));
    const holder = [...prefixes, ...parts]
      .map((name) => holders.get(name))
      .find((name) => name !== undefined);
    if (holder === undefined) continue;
    const others = found.get(holder);
    if (others) others.push(tensor);
    else found.set(holder, [tensor]);
  }
  const numbered = ({ name }: StoredTensor) => /\/\d+$/.test(name);
  for (const own of found.values()) if (own.every(numbered)) own.sort((a, b) => numberOf(a) - numberOf(b));
  return found;
}

function numberOf({ name }: StoredTensor): number {
  return Number(name.split('/').at(-1));
}

/** For the name of each layer, at any depth, that of the model's own layer which it is in. */
function holdersIn(config: Place): ReadonlyMap<string, string> {
  const holders = new Map<string, string>();
  const visit = (object: Place, holder: string | undefined) => {
    const own = object.at('config').at('name').value ?? object.at('name').value;
    const name = holder ?? (typeof own === 'string' ? own : undefined);
    if (typeof own === 'string' && name !== undefined && !holders.has(own)) holders.set(own, name);
    for (const inner of layersIn(object)) visit(inner, name);
  };
  for (const layer of layersIn(config)) visit(layer, undefined);
  return holders;
}

function layersIn(object: Place): readonly Place[] {
  const config = object.at('config');
  const layers = Array.isArray(config.value) ? config : config.at('layers');
  const wrapped = ['layer', 'backward_layer']
    .map((key) => config.at(key))
    .filter(({ value }) => isRecord(value));
  return [...(Array.isArray(layers.value) ? layers.items() : []), ...wrapped];
}
