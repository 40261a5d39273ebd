/** `conv2dTranspose`: the gradient of `conv2d` by its image, as an op of its own: what enlarges images by learned filters. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { checkShape, type Shape, sameShape, showShape } from '../values/shape.ts';
import { type Padding, type Pair, windowOf } from '../values/window.ts';
import { conv2dOps } from './conv2d.ts';
import { convolutionInputs, heightAndWidth } from './convolution-inputs.ts';
import type { TensorLike } from './input.ts';

export interface Conv2dTransposeOptions {
  /** Distance between the elements of the filter on the result, both ways or [down, across]. Default 1. */
  dilations?: number | Pair;
}

/**
 * `x` (batch, rows, columns, filters) with `filter` (height, width, channels, filters) to `outputShape` (batch, height, width,
 * channels), of which `conv2d` with these strides and padding makes the shape of `x`; without the batch where `x` has none. Throws
 * `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function conv2dTranspose(
  x: TensorLike,
  filter: TensorLike,
  outputShape: Shape,
  strides: number | Pair = 1,
  pad: Padding = 'valid',
  options: Conv2dTransposeOptions = {},
): Tensor {
  const where = 'conv2dTranspose';
  checkOptions(where, options, ['dilations']);
  return tidy(() => {
    const {
      images,
      filter: weights,
      back,
    } = convolutionInputs(where, x, filter, 'height, width, channels, filters');
    const [batch, ...small] = images.shape as [number, number, number, number];
    const [channels, filters] = weights.shape.slice(2) as [number, number];
    const wanted = checkShape(where, outputShape);
    const whole = wanted.length === 3 ? [1, ...wanted] : wanted;
    const [, height, width] = whole as [number, number, number];
    if (filters !== small[2]) {
      throw new ShapeError(
        `conv2dTranspose: filters differ: x is ${showShape(images.shape)}, filter is ${showShape(weights.shape)}; use a filter (height, width, channels, ${small[2]})`,
      );
    }
    if (whole.length !== 4 || whole[0] !== batch || whole[3] !== channels) {
      throw new ShapeError(
        `conv2dTranspose: outputShape ${showShape(wanted)}; use (${batch}, height, width, ${channels})`,
      );
    }
    const window = windowOf(where, [height, width], heightAndWidth(weights, 0), {
      strides,
      dilations: options.dilations,
      pad,
    });
    if (!sameShape(window.positions, small.slice(0, 2))) {
      throw new ShapeError(
        `conv2dTranspose: a convolution makes ${showShape(window.positions)} positions of outputShape ${showShape(wanted)}, x is ${showShape(images.shape)}; use an outputShape that goes with x`,
      );
    }
    return back(conv2dOps.byImage(images, weights, window));
  });
}
