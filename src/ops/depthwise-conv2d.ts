/** `depthwiseConv2d`: each channel is convolved with filters of its own. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { depthwise } from '../kernels/depthwise.ts';
import { ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { showShape } from '../values/shape.ts';
import { type Padding, type Pair, windowOf } from '../values/window.ts';
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
import { reshape } from './reshape.ts';
import { broadcastTo } from './sum.ts';

const ops = convolutionOps('depthwiseConv2d', depthwise, {
  imageChannels: (filter) => filter.at(-1)!,
  resultChannels: (filter) => filter.at(-1)!,
  filter: (image, _result, { filter }) => [...filter, image.at(-1)!],
});

export type DepthwiseConv2dOptions = ConvolutionOptions;

/**
 * `x` (batch, height, width, channels), or one image without the batch, with `filter` (height, width, channels, multiplier):
 * (batch, rows, columns, channels x multiplier), those of one channel side by side. Throws `ShapeError`, `DtypeError`,
 * `ArgumentError`.
 */
export function depthwiseConv2d(
  x: TensorLike,
  filter: TensorLike,
  strides: number | Pair = 1,
  pad: Padding = 'valid',
  options: DepthwiseConv2dOptions = {},
): Tensor {
  const where = 'depthwiseConv2d';
  checkOptions(where, options, ['dilations', 'bias', 'activation', 'dtype']);
  const { dilations = 1, activation = 'linear' } = options;
  checkActivation(where, activation);
  return tidy(() => {
    const inputs = convolutionInputs(where, x, filter, 'height, width, channels, multiplier');
    const { images, filter: weights, back } = inputs;
    const dtype = resultDType(where, options.dtype);
    const [down, across, channels, multiplier] = weights.shape as [number, number, number, number];
    if (channels !== images.shape[3]) {
      throw new ShapeError(
        `depthwiseConv2d: channels differ: x is ${showShape(images.shape)}, filter is ${showShape(weights.shape)}; use a filter (height, width, ${images.shape[3]}, multiplier)`,
      );
    }
    const bias = biasOf(where, options.bias, inputs, channels * multiplier);
    const window = windowOf(where, heightAndWidth(images, 1), [down, across], { strides, dilations, pad });
    const flat = reshape(weights, [down, across, channels * multiplier]);
    const repeated = multiplier > 1 ? repeatChannels(images, multiplier) : images;
    return back(ops.forward([repeated, flat, ...bias], window, activation, dtype));
  });
}

function repeatChannels(images: Tensor, count: number): Tensor {
  const { shape } = images;
  const repeated = broadcastTo(reshape(images, [...shape, 1]), [...shape, count]);
  return reshape(repeated, [...shape.slice(0, -1), shape.at(-1)! * count]);
}
