/** `dropout`: elements set to 0 at random, the rest scaled up so that the mean stays. */

import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { dropoutMask } from './creation.ts';
import { type TensorLike, toTensor } from './input.ts';
import { mul } from './mul.ts';

/** Each element is 0 with probability `rate`, else x / (1 - rate). Throws `ArgumentError` unless 0 <= rate < 1. */
export function dropout(x: TensorLike, rate: number): Tensor {
  return tidy(() => {
    if (!(rate >= 0 && rate < 1))
      throw new ArgumentError(`dropout: rate ${show(rate)}; use a number from 0 to below 1`);
    const tensor = toTensor('dropout', x);
    return rate === 0 ? tensor : mul(tensor, dropoutMask(tensor, rate));
  });
}
