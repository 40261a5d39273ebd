/**
 * A scale folded into a network's first and last layers, so that what lies between fits float16.
 *
 * A network of products and of functions with f(cx) = c f(x) for c > 0 (ReLU, maxima, means, sums, padding with zeros, ...) gives the same
 * results with the first kernels and all biases but the last divided by s, and the last kernels multiplied by s: everything between is s times
 * smaller. With s a power of two the float32 results are the same, bit for bit, but where numbers leave float32's range.
 */
import type { Variable } from '../autograd/variable.ts';
import type { AnyLayer } from '../nn/layer.ts';
import { layerClassName } from '../nn/layers/registry.ts';
import type { ReLU } from '../nn/layers/relu.ts';

/** A call of a layer, as far as folding needs to know it. */
export interface FoldedCall {
  readonly layer: AnyLayer;
  /** Undefined for an input of the model. */
  readonly from: readonly (string | undefined)[];
  /** Whether its result is one of the model's. */
  readonly last: boolean;
}

/** Layers of one kernel, so that a scale has one place. */
const ENDS = ['Dense', 'Conv1D', 'Conv2D', 'Conv2DTranspose'];
const ACTIVATED = [...ENDS, 'DepthwiseConv2D', 'SeparableConv2D', 'Activation'];
const PASSING = [
  ...['Add', 'Average', 'Maximum', 'Minimum', 'Subtract', 'Concatenate', 'Flatten', 'Reshape', 'Permute'],
  ...['RepeatVector', 'Dropout', 'SpatialDropout1D', 'SpatialDropout2D', 'LeakyReLU', 'PReLU'],
  ...['AveragePooling1D', 'AveragePooling2D', 'MaxPooling1D', 'MaxPooling2D', 'UpSampling1D', 'UpSampling2D'],
  ...['GlobalAveragePooling1D', 'GlobalAveragePooling2D', 'GlobalMaxPooling1D', 'GlobalMaxPooling2D'],
  ...['Cropping1D', 'Cropping2D', 'ZeroPadding1D', 'ZeroPadding2D', 'BatchNormalization'],
];
const HOMOGENEOUS = ['linear', 'relu', 'leakyRelu'];
/** Weights that are added, or taken off. */
const OFFSETS = ['bias', 'beta', 'moving_mean', 'movingMean'];

/** Why no scale can be folded into the model whose prediction makes these calls; undefined where one can. */
export function whyNotFolded(calls: readonly FoldedCall[]): string | undefined {
  for (const { layer, from, last } of calls) {
    const first = from.includes(undefined);
    if (first && last) return `${layer.name} is the first layer and the last`;
    if (first && !isOne(layer, ENDS)) return `${layer.name}, a first layer, has no kernel for the scale`;
    if (first && from.some((path) => path !== undefined))
      return `${layer.name} takes the input beside others`;
    if (last && !isOne(layer, ENDS)) return `${layer.name}, a last layer, has no kernel for the scale`;
    if (last && activationOf(layer) !== 'linear')
      return `${layer.name}, a last layer, has activation ${activationOf(layer)}`;
    if (!last && !passes(layer)) return `${layer.name} does not pass a scale on`;
    const ends = calls.filter((call) => call.layer === layer);
    if (ends.some((call) => call.last !== last || call.from.includes(undefined) !== first))
      return `${layer.name} is called in several places`;
  }
  return undefined;
}

function passes(layer: AnyLayer): boolean {
  if (isOne(layer, ACTIVATED)) return HOMOGENEOUS.includes(activationOf(layer));
  if (isOne(layer, ['ReLU'])) {
    const { threshold, maxValue } = layer as unknown as ReLU;
    return threshold === 0 && maxValue === undefined;
  }
  return isOne(layer, PASSING);
}

function activationOf(layer: AnyLayer): string {
  return (layer as unknown as { readonly activation: string }).activation;
}

function isOne(layer: AnyLayer, names: readonly string[]): boolean {
  return names.includes(layerClassName(layer));
}

/** Folds `scale`, a power of two, into the weights. */
export async function foldInputScale(calls: readonly FoldedCall[], scale: number): Promise<void> {
  for (const layer of new Set(calls.map(({ layer }) => layer))) {
    const { from, last } = calls.find((call) => call.layer === layer)!;
    const factorOf = (weight: Variable): number => {
      const name = weight.name.slice(weight.name.lastIndexOf('/') + 1);
      if (OFFSETS.includes(name)) return last ? 1 : 1 / scale;
      if (!isOne(layer, ENDS)) return 1;
      return last ? scale : from.includes(undefined) ? 1 / scale : 1;
    };
    for (const weight of layer.weights) {
      const factor = factorOf(weight);
      if (factor === 1) continue;
      const values = await weight.data();
      weight.assign(Float32Array.from(values, (value) => value * factor));
    }
  }
}
