/** Models in safetensors files: weights by their names, the configuration and the optimizer's state beside them in the metadata. */
import type { Model } from '../nn/model.ts';
import { FormatError } from '../values/errors.ts';
import { numbersOf } from './bytes/numbers.ts';
import type { ModelFiles } from './files.ts';
import { type Format, fileBeginning, type WriteOptions } from './format.ts';
import type { ArrayToWrite } from './hdf5/write.ts';
import { parseJson } from './json.ts';
import { asModel } from './keras/layers.ts';
import { arraysOf, optimizerArrays } from './keras/variables-to-write.ts';
import { modelToConfig } from './keras/write-model.ts';
import { trainingToConfig } from './keras/write-training.ts';
import { headerLength, readHeader, type SafeArray, type SafeDType, writeSafetensors } from './safetensors.ts';
import type { StoredModel, StoredTensor } from './stored-model.ts';

/** The version of Keras whose configuration it is. */
const VERSION = '3.3.3';

/** dtypes by the format's names. */
const DTYPES: Readonly<Partial<Record<SafeDType, ArrayToWrite['dtype'] | 'bfloat16' | 'int8' | 'bool'>>> = {
  ...{ F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' },
  ...{ I64: 'int64', I32: 'int32', I8: 'int8', U32: 'uint32', U8: 'uint8', BOOL: 'bool' },
};

export const safetensorsModel: Format = {
  name: 'safetensors',
  signs: 'a safetensors file with the configuration in its metadata, as save writes it',
  read: async (files) => {
    const path = await fileBeginning(files, isSafetensors, /\.safetensors$/i);
    return path === undefined ? undefined : readSafetensorsModel(files, path);
  },
  writer: {
    key: 'safetensors',
    extension: '.safetensors',
    write: async function* (model, options, main) {
      yield { path: main, bytes: await writeSafetensorsModel(model, options) };
    },
  },
};

/** A length that is possible, then an object. */
function isSafetensors(begin: Uint8Array): boolean {
  return begin.length > 8 && begin[8] === 0x7b && begin.subarray(5, 8).every((byte) => byte === 0);
}

/** The file in pieces, in order. Reads the weights from the GPU. Throws `ArgumentError` for what no configuration holds. */
async function writeSafetensorsModel(model: Model, options: WriteOptions): Promise<Uint8Array[]> {
  const architecture = modelToConfig(model, 'keras3');
  const { includeOptimizer = true } = options;
  const training = includeOptimizer ? trainingToConfig(model, 'keras3') : undefined;
  const found = await arraysOf(model, options);
  const arrays = new Map<string, SafeArray>();
  const add = (name: string, array: ArrayToWrite): string => {
    const key = arrays.has(name) ? `${name}#${arrays.size}` : name;
    arrays.set(key, { dtype: safeDType(array.dtype), shape: array.shape, bytes: array.bytes });
    return key;
  };
  const layers: Record<string, readonly string[]> = {};
  for (const { name, weights } of model.layers)
    if (weights.length > 0) layers[name] = weights.map((weight) => add(weight.name, found(weight)));
  const state = training && (await optimizerArrays(model, architecture, options));
  const optimizer = state?.map(([name, array]) => add(name, array));
  return writeSafetensors({
    arrays,
    metadata: {
      format: 'halftape',
      keras_version: VERSION,
      config: JSON.stringify(architecture),
      layers: JSON.stringify(layers),
      ...(training ? { compile_config: JSON.stringify(training) } : {}),
      ...(optimizer ? { optimizer: JSON.stringify({ weights: optimizer }) } : {}),
    },
  });
}

function safeDType(dtype: ArrayToWrite['dtype']): SafeDType {
  return (Object.keys(DTYPES) as SafeDType[]).find((name) => DTYPES[name] === dtype)!;
}

/** Reads the header, and each array when it is asked for. Throws `FormatError` that says what is wrong, and where. */
async function readSafetensorsModel(files: ModelFiles, path: string): Promise<StoredModel> {
  const where = files.main === path ? files.name : `${files.name}: ${path}`;
  const size = (await files.size(path))!;
  const length = headerLength(where, await files.read(path, { from: 0, to: Math.min(8, size) }), size);
  const start = 8 + length;
  const header = await files.read(path, { from: 8, to: start });
  const { entries, metadata } = readHeader(where, header, size - start);
  const { config, keras_version: kerasVersion, compile_config: training } = metadata;
  if (config === undefined)
    throw new FormatError(
      `${where}: no configuration: it holds weights alone; make their model and use loadWeights`,
    );
  const tensors = new Map<string, StoredTensor>();
  for (const { name, dtype, shape, from, to } of entries) {
    const own = DTYPES[dtype] ?? dtype;
    const read = async () =>
      numbersOf(`${where}: '${name}'`, own, await files.read(path, { from: start + from, to: start + to }));
    tensors.set(name, { name, shape, dtype: own, read });
  }
  const listIn = (place: string, names: unknown): StoredTensor[] => {
    if (!Array.isArray(names)) throw new FormatError(`${where}: ${place} is no list of arrays`);
    return names.map((name) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new FormatError(`${where}: ${place}: no array '${name}'`);
      return tensor;
    });
  };
  const part = (key: string) => parseJson(`${where}: metadata ${key}`, metadata[key] ?? '{}');
  const layers = Object.entries(part('layers'));
  const { weights } = part('optimizer');
  return {
    format: 'safetensors',
    architecture: asModel(`${where}: metadata config`, part('config')),
    kerasVersion,
    weights: new Map(layers.map(([name, names]) => [name, listIn(`layer '${name}'`, names)])),
    order: 'layers',
    training: training === undefined ? undefined : part('compile_config'),
    optimizerWeights: weights === undefined ? undefined : listIn('optimizer', weights),
  };
}
