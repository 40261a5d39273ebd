/** TensorFlow.js layers-models, written: shards named by their contents, then the `model.json` that names them. */

import type { Variable } from '../../autograd/variable.ts';
import type { AnyLayer } from '../../nn/layer.ts';
import { Bidirectional } from '../../nn/layers/bidirectional.ts';
import { layerClassName } from '../../nn/layers/registry.ts';
import { Model } from '../../nn/model.ts';
import { halvesOf } from '../bytes/halves.ts';
import type { WriteOptions, WrittenFile } from '../format.ts';
import { modelToConfig } from '../keras/write-model.ts';
import { trainingToConfig } from '../keras/write-training.ts';

/** Bytes of a shard, as in TensorFlow.js: browsers keep files of this size. */
const SHARD = 2 ** 22;

/** The files, `model.json` last: until it is there, what was there before is as it was. */
export async function* writeLayersModel(model: Model, options: WriteOptions): AsyncGenerator<WrittenFile> {
  const topology = modelToConfig(model, 'keras2');
  const named = [...namesOf(model)];
  const paths: string[] = [];
  const total = named.reduce((sum, [, { size }]) => sum + size * (options.halfWeights ? 2 : 4), 0);
  const count = Math.max(1, Math.ceil(total / SHARD));
  for await (const bytes of shards(named, options.halfWeights ?? false)) {
    const path = `weights-${await digest(bytes)}-${paths.length + 1}of${count}.bin`;
    paths.push(path);
    yield { path, bytes: [bytes] };
  }
  const weights = named.map(([name, { shape }]) => ({
    ...{ name, shape, dtype: 'float32' },
    ...(options.halfWeights ? { quantization: { dtype: 'float16' } } : {}),
  }));
  const training = options.includeOptimizer === false ? undefined : trainingToConfig(model, 'keras2');
  const json = {
    ...{ format: 'layers-model', generatedBy: 'halftape', convertedBy: null },
    modelTopology: {
      ...{ keras_version: '2.15.0', backend: 'tensorflow', model_config: topology },
      ...(training ? { training_config: training } : {}),
    },
    weightsManifest: [{ paths, weights }],
  };
  yield { path: 'model.json', bytes: [new TextEncoder().encode(JSON.stringify(json))] };
}

/** Weights in pieces of a shard's size. */
async function* shards(
  named: readonly (readonly [string, Variable])[],
  half: boolean,
): AsyncGenerator<Uint8Array> {
  let shard = new Uint8Array(SHARD);
  let filled = 0;
  for (const [name, weight] of named) {
    const values = Float32Array.from(await weight.data());
    const numbers = half ? halvesOf(name, values) : values;
    let bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    while (bytes.length > 0) {
      const part = bytes.subarray(0, SHARD - filled);
      shard.set(part, filled);
      filled += part.length;
      bytes = bytes.subarray(part.length);
      if (filled < SHARD) continue;
      yield shard;
      shard = new Uint8Array(SHARD);
      filled = 0;
    }
  }
  yield shard.subarray(0, filled);
}

async function digest(bytes: Uint8Array): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes as Uint8Array<ArrayBuffer>));
  return Array.from(hash.subarray(0, 8), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Weights that TensorFlow.js calls otherwise. */
const RENAMED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  DepthwiseConv2D: { kernel: 'depthwise_kernel' },
};

/** Each weight once, by the name that TensorFlow.js has for it: those of layers in models without the models' names, unless two are alike. */
function namesOf(model: Model): ReadonlyMap<string, Variable> {
  const names = new Map<string, Variable>();
  const seen = new Set<Variable>();
  const visit = (layer: AnyLayer, holders: readonly string[], scope: string): void => {
    const own = new Set(layer.weights);
    for (const one of layer.sublayers as readonly AnyLayer[]) {
      for (const weight of one.weights) own.delete(weight);
      if (layer instanceof Model) visit(one, [...holders, layer.name], one.name);
      else visit(one, holders, `${scope}/${innerName(layer, one)}`);
    }
    for (const weight of own) {
      if (seen.has(weight)) continue;
      seen.add(weight);
      const plain = weight.name.slice(layer.name.length + 1);
      const name = `${scope}/${RENAMED[layerClassName(layer)]?.[plain] ?? plain}`;
      names.set(names.has(name) ? [...holders, name].join('/') : name, weight);
    }
  };
  for (const layer of model.layers) visit(layer, [], layer.name);
  return names;
}

function innerName(layer: unknown, inner: AnyLayer): string {
  const forward = layer instanceof Bidirectional && (layer.forwardLayer as unknown) === inner;
  return forward ? `forward_${inner.name}` : inner.name;
}

/** Whether a file is a shard that this writer named. */
export function isShard(path: string): boolean {
  return /^weights-[0-9a-f]{16}-\d+of\d+\.bin$/.test(path);
}
