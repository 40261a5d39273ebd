/** `globalMaxPool` and `globalAveragePool`: one value for each channel of an image. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { imagesOf } from './convolution-inputs.ts';
import type { TensorLike } from './input.ts';
import { max } from './max.ts';
import { mean } from './mean.ts';
import type { ReduceFunction } from './reduce-op.ts';

function globalPool(where: string, reduce: ReduceFunction): (x: TensorLike, keepDims?: boolean) => Tensor {
  return (x, keepDims = false) =>
    tidy(() => {
      const { images, back } = imagesOf(where, x);
      return back(reduce(images, [1, 2], keepDims));
    });
}

/** The largest value of each channel of `x` (batch, height, width, channels): (batch, channels). `keepDims` keeps the axes with size 1. */
export const globalMaxPool = globalPool('globalMaxPool', max);
/** The mean of each channel of `x` (batch, height, width, channels): (batch, channels). `keepDims` keeps the axes with size 1. */
export const globalAveragePool = globalPool('globalAveragePool', mean);
