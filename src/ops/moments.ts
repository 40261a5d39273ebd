/** `moments`: mean and variance over axes, in f32. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { normaliseAxes } from '../values/shape.ts';
import { cast } from './cast.ts';
import type { TensorLike } from './input.ts';
import { mean as meanOf } from './mean.ts';
import { floatInput } from './normalization-inputs.ts';
import { squaredDifference } from './squared-difference.ts';
import { squeeze } from './squeeze.ts';

/**
 * Mean and biased variance of `x` over `axes` (all by default); `keepDims` keeps them with size 1. Held in f32, in the dtype of `x`,
 * float32 or float16. Throws `ShapeError`, `DtypeError`.
 */
export function moments(
  x: TensorLike,
  axes?: number | readonly number[],
  keepDims = false,
): { mean: Tensor; variance: Tensor } {
  return tidy(() => {
    const tensor = floatInput('moments', x);
    const along = normaliseAxes('moments', axes, tensor.rank);
    const wide = cast(tensor, 'float32');
    const mean = meanOf(wide, along, true);
    const variance = meanOf(squaredDifference(wide, mean), along, true);
    const shown = (statistic: Tensor) => {
      const narrow = cast(statistic, tensor.dtype);
      return keepDims || along.length === 0 ? narrow : squeeze(narrow, along);
    };
    return { mean: shown(mean), variance: shown(variance) };
  });
}
