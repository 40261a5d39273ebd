/** TensorFlow.js layers-models, written: shards named by their contents, then the `model.json` that names them. */

import type { Variable } from '../../autograd/variable.ts';
import type { AnyLayer } from '../../nn/layer.ts';
import { Bidirectional } from '../../nn/layers/bidirectional.ts';
import { layerClassName } from '../../nn/layers/registry.ts';
import { Model } from '../../nn/model.ts';
import { halvesOf } from '../bytes/halves.ts';
import type { WriteOptions, WrittenFile } from '../format.ts';
import type { Json } from '../json.ts';
import { trainedVariables } from '../keras/trained-variables.ts';
import { modelToConfig } from '../keras/write-model.ts';
import { trainingToConfig } from '../keras/write-training.ts';
import { type OptimizerVariable, variablesOf } from '../optimizer-variables.ts';
import type { KerasObject } from '../stored-model.ts';
import { writtenShards } from './shards.ts';
import { toTensorFlowJs } from './training.ts';

/** An array to be written. */
interface Written {
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: 'float32' | 'int32';
  readonly bytes: number;
  readonly half: boolean;
  readonly group?: 'optimizer';
  read(): Promise<ArrayLike<number>>;
}

/** The files, `model.json` last: until it is there, what was there before is as it was. */
export async function* writeLayersModel(model: Model, options: WriteOptions): AsyncGenerator<WrittenFile> {
  const topology = modelToConfig(model, 'keras2');
  const { training, config, state } =
    options.includeOptimizer === false ? { training: undefined } : await trainingOf(model, topology);
  const half = options.halfWeights ?? false;
  const own = [...namesOf(model)].map(
    ([name, weight]): Written => ({
      ...{ name, shape: weight.shape, dtype: 'float32', half, bytes: weight.size * (half ? 2 : 4) },
      read: () => weight.data(),
    }),
  );
  const all = [...own, ...(state ?? []).map(stateToWrite)];
  const paths: string[] = [];
  const total = all.reduce((sum, { bytes }) => sum + bytes, 0);
  for await (const file of writtenShards(bytesOf(all), total)) {
    paths.push(file.path);
    yield file;
  }
  const weights = all.map(({ name, shape, dtype, half, group }) => ({
    ...{ name, shape, dtype, ...(group && { group }) },
    ...(half ? { quantization: { dtype: 'float16' } } : {}),
  }));
  const json = {
    ...{ format: 'layers-model', generatedBy: 'halftape', convertedBy: null },
    modelTopology: {
      ...{ keras_version: '2.15.0', backend: 'tensorflow', model_config: topology },
      ...(training ? { training_config: training } : {}),
    },
    ...(config ? { trainingConfig: config } : {}),
    weightsManifest: [{ paths, weights }],
  };
  yield { path: 'model.json', bytes: [new TextEncoder().encode(JSON.stringify(json))] };
}

interface Training {
  /** As Keras has it, the loss scale beside it. */
  readonly training: Json | undefined;
  /** As TensorFlow.js has it, where it can. */
  readonly config?: Json;
  readonly state?: readonly OptimizerVariable[];
}

/** What the model was compiled with, and the state of its optimizer: in TensorFlow.js's form, or else in Keras's. */
async function trainingOf(model: Model, topology: KerasObject): Promise<Training> {
  const training = trainingToConfig(model, 'keras2');
  if (!training) return { training };
  const variables = trainedVariables(model, topology);
  const theirs = await toTensorFlowJs(model, training, variables);
  if (!theirs) return { training, state: await variablesOf(model.optimizer, variables) };
  const { config, weights: state, scale } = theirs;
  return { training: scale ? { ...training, loss_scale: scale } : training, config, state };
}

function stateToWrite({ name, shape, values }: OptimizerVariable): Written {
  const dtype = values instanceof Int32Array ? 'int32' : 'float32';
  const group = 'optimizer';
  return { name, shape, dtype, group, half: false, bytes: values.length * 4, read: async () => values };
}

async function* bytesOf(arrays: readonly Written[]): AsyncGenerator<Uint8Array> {
  for (const { name, half, dtype, read } of arrays) {
    const values = (dtype === 'int32' ? Int32Array : Float32Array).from(await read());
    const numbers = half ? halvesOf(name, values as Float32Array) : values;
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
