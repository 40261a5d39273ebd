/** `conv2d`: NHWC with filters HWIO, by implicit GEMM; several groups of channels side by side. */

import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { convolution } from '../kernels/conv.ts';
import type { Activation } from '../kernels/gemm/problem.ts';
import { type FloatDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { showShape } from '../values/shape.ts';
import { type Padding, type Pair, type Window, windowOf } from '../values/window.ts';
import { add } from './add.ts';
import { convolutionOps } from './convolution.ts';
import {
  biasOf,
  type ConvolutionOptions,
  checkActivation,
  convolutionInputs,
  heightAndWidth,
  resultDType,
} from './convolution-inputs.ts';
import type { TensorLike } from './input.ts';
import { relu } from './relu.ts';
import { relu6 } from './relu6.ts';
import { reshape } from './reshape.ts';
import { sigmoid } from './sigmoid.ts';
import { tanh } from './tanh.ts';
import { transpose } from './transpose.ts';

/** Where there are several groups, their axis stands before all others. */
export const conv2dOps = convolutionOps('conv2d', convolution, {
  imageChannels: (filter) => filter.at(-2)!,
  resultChannels: (filter) => filter.at(-1)!,
  filter: (image, result, { filter }) => [...image.slice(0, -4), ...filter, image.at(-1)!, result.at(-1)!],
});

export interface Conv2dOptions extends ConvolutionOptions {
  /** Groups of channels that are convolved apart from each other. Default 1. */
  groups?: number;
}

/**
 * `x` (batch, height, width, channels), or one image without the batch, with `filter` (height, width, channels / groups,
 * filters): (batch, rows, columns, filters). As in TensorFlow a cross-correlation: the filter is not turned round. Throws
 * `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function conv2d(
  x: TensorLike,
  filter: TensorLike,
  strides: number | Pair = 1,
  pad: Padding = 'valid',
  options: Conv2dOptions = {},
): Tensor {
  const where = 'conv2d';
  checkOptions(where, options, ['dilations', 'groups', 'bias', 'activation', 'dtype']);
  const { dilations = 1, groups = 1, activation = 'linear' } = options;
  checkActivation(where, activation);
  return tidy(() => {
    const inputs = convolutionInputs(where, x, filter, 'height, width, channels, filters');
    const { images, filter: weights, back } = inputs;
    const dtype = resultDType(where, options.dtype);
    const [channels, own, filters] = [images.shape[3]!, weights.shape[2]!, weights.shape[3]!];
    if (!Number.isInteger(groups) || groups < 1 || channels % groups !== 0 || filters % groups !== 0) {
      throw new ArgumentError(
        `conv2d: groups ${show(groups)} for ${channels} channels and ${filters} filters; use a whole number that divides both`,
      );
    }
    if (own * groups !== channels) {
      throw new ShapeError(
        `conv2d: channels differ: x is ${showShape(images.shape)}, filter is ${showShape(weights.shape)}; use a filter (height, width, ${channels / groups}, filters)`,
      );
    }
    const bias = biasOf(where, options.bias, inputs, filters);
    const window = windowOf(where, heightAndWidth(images, 1), heightAndWidth(weights, 0), {
      strides,
      dilations,
      pad,
    });
    if (groups > 1) return back(inGroups(images, weights, bias, groups, window, activation, dtype));
    return back(conv2dOps.forward([images, weights, ...bias], window, activation, dtype));
  });
}

const ACTIVATE: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  ...{ linear: (x) => x, relu, relu6, sigmoid, tanh },
};

/** Groups become an axis before the batch, as which products are counted. */
function inGroups(
  images: Tensor,
  filter: Tensor,
  [bias]: readonly Tensor[],
  groups: number,
  window: Window,
  activation: Activation,
  dtype: FloatDType | undefined,
): Tensor {
  const split = (tensor: Tensor) => {
    const [a, b, c, d] = tensor.shape as [number, number, number, number];
    return transpose(reshape(tensor, [a, b, c, groups, d / groups]), [3, 0, 1, 2, 4]);
  };
  const y = conv2dOps.forward([split(images), split(filter)], window, 'linear', dtype);
  const side = transpose(y, [1, 2, 3, 0, 4]);
  const joined = reshape(side, [...side.shape.slice(0, 3), -1]);
  return ACTIVATE[activation](bias ? add(joined, bias) : joined);
}
