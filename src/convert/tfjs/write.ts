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
import { writtenShards } from './shards.ts';

/** The files, `model.json` last: until it is there, what was there before is as it was. */
export async function* writeLayersModel(model: Model, options: WriteOptions): AsyncGenerator<WrittenFile> {
  const topology = modelToConfig(model, 'keras2');
  const named = [...namesOf(model)];
  const paths: string[] = [];
  const total = named.reduce((sum, [, { size }]) => sum + size * (options.halfWeights ? 2 : 4), 0);
  for await (const file of writtenShards(bytesOf(named, options.halfWeights ?? false), total)) {
    paths.push(file.path);
    yield file;
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

async function* bytesOf(
  named: readonly (readonly [string, Variable])[],
  half: boolean,
): AsyncGenerator<Uint8Array> {
  for (const [name, weight] of named) {
    const values = Float32Array.from(await weight.data());
    const numbers = half ? halvesOf(name, values) : values;
    yield new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  }
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
