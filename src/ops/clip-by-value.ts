/** `clipByValue`: values held between two bounds. */

import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { type TensorLike, toTensor } from './input.ts';
import { maximum } from './maximum.ts';
import { minimum } from './minimum.ts';

/** min(max(x, low), high); the gradient is 0 where x is outside. Throws `ArgumentError` unless low <= high. */
export function clipByValue(x: TensorLike, low: number, high: number): Tensor {
  return tidy(() => {
    if (!(low <= high)) throw new ArgumentError(`clipByValue: low ${show(low)} is above high ${show(high)}`);
    return minimum(maximum(toTensor('clipByValue', x), low), high);
  });
}
