/**
 * A scale folded into a network's first and last layers, so that what lies between fits float16.
 *
 * A network of products and of functions with f(cx) = c f(x) for c > 0 (ReLU, maxima, means, sums, padding with zeros, ...) gives the same
 * results with the first kernels and all biases but the last divided by s, and the last kernels multiplied by s: everything between is s times
 * smaller. With s a power of two the float32 results are the same, bit for bit, but where numbers leave float32's range.
 */
import type { Variable } from '../autograd/variable.ts';
import type { AnyLayer } from '../nn/layer.ts';
import { Activation } from '../nn/layers/activation.ts';
import { BatchNormalization } from '../nn/layers/batch-normalization.ts';
import { Concatenate } from '../nn/layers/concatenate.ts';
import { Conv1D, Conv2D } from '../nn/layers/conv.ts';
import { Conv2DTranspose } from '../nn/layers/conv2d-transpose.ts';
import { Dense } from '../nn/layers/dense.ts';
import { DepthwiseConv2D, SeparableConv2D } from '../nn/layers/depthwise-conv.ts';
import { Dropout, SpatialDropout1D, SpatialDropout2D } from '../nn/layers/dropout.ts';
import { Flatten } from '../nn/layers/flatten.ts';
import {
  GlobalAveragePooling1D,
  GlobalAveragePooling2D,
  GlobalMaxPooling1D,
  GlobalMaxPooling2D,
} from '../nn/layers/global-pooling.ts';
import { LeakyReLU } from '../nn/layers/leaky-relu.ts';
import { Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D } from '../nn/layers/margins.ts';
import { Add, Average, Maximum, Minimum, Subtract } from '../nn/layers/merge.ts';
import { Permute } from '../nn/layers/permute.ts';
import { AveragePooling1D, AveragePooling2D, MaxPooling1D, MaxPooling2D } from '../nn/layers/pooling.ts';
import { PReLU } from '../nn/layers/prelu.ts';
import { ReLU } from '../nn/layers/relu.ts';
import { RepeatVector } from '../nn/layers/repeat-vector.ts';
import { Reshape } from '../nn/layers/reshape.ts';
import { UpSampling1D, UpSampling2D } from '../nn/layers/up-sampling.ts';

/** A call of a layer, as far as folding needs to know it. */
export interface FoldedCall {
  readonly layer: AnyLayer;
  /** Undefined for an input of the model. */
  readonly from: readonly (string | undefined)[];
  /** Whether its result is one of the model's. */
  readonly last: boolean;
}

const PRODUCTS = [Dense, Conv1D, Conv2D, Conv2DTranspose, DepthwiseConv2D, SeparableConv2D] as const;
/** Of one kernel, so that a scale has one place. */
const ENDS = [Dense, Conv1D, Conv2D, Conv2DTranspose] as const;
const PASSING = [
  ...[Add, Average, Maximum, Minimum, Subtract, Concatenate, Flatten, Reshape, Permute, RepeatVector],
  ...[Dropout, SpatialDropout1D, SpatialDropout2D, LeakyReLU, PReLU],
  ...[AveragePooling1D, AveragePooling2D, MaxPooling1D, MaxPooling2D, UpSampling1D, UpSampling2D],
  ...[GlobalAveragePooling1D, GlobalAveragePooling2D, GlobalMaxPooling1D, GlobalMaxPooling2D],
  ...[Cropping1D, Cropping2D, ZeroPadding1D, ZeroPadding2D, BatchNormalization],
] as const;
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
    if (last && (layer as Dense).activation !== 'linear')
      return `${layer.name}, a last layer, has activation ${(layer as Dense).activation}`;
    if (!last && !passes(layer)) return `${layer.name} does not pass a scale on`;
    const ends = calls.filter((call) => call.layer === layer);
    if (ends.some((call) => call.last !== last || call.from.includes(undefined) !== first))
      return `${layer.name} is called in several places`;
  }
  return undefined;
}

function passes(layer: AnyLayer): boolean {
  if (isOne(layer, PRODUCTS) || layer instanceof Activation)
    return HOMOGENEOUS.includes((layer as unknown as { activation: string }).activation);
  if (layer instanceof ReLU) return layer.threshold === 0 && layer.maxValue === undefined;
  return isOne(layer, PASSING);
}

function isOne(layer: AnyLayer, kinds: readonly (abstract new (...args: never[]) => unknown)[]): boolean {
  return kinds.some((kind) => layer instanceof kind);
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
