/** `oneHot`: class numbers as rows of zeros with a one. */

import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { defaultEngine } from '../gpu/default-engine.ts';
import { type DType, requireDType, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import type { TensorValues } from '../values/nested.ts';
import { cast } from './cast.ts';
import { equal } from './compare.ts';
import { range } from './creation.ts';
import { fromValues, type TensorLike, toTensor } from './input.ts';
import { reshape } from './reshape.ts';

/** `indices` (...) of int32 give (..., depth); an index outside 0 ... depth - 1 gives a row of zeros. */
export function oneHot(indices: TensorLike, depth: number, dtype: DType = 'float32'): Tensor {
  return tidy(() => {
    const tensor = Array.isArray(indices) ? fromIntegers(indices) : toTensor('oneHot', indices);
    requireDType('oneHot', 'indices', tensor.dtype, ['int32']);
    if (!Number.isInteger(depth) || depth < 1)
      throw new ArgumentError(`oneHot: depth ${show(depth)}; use a whole number above 0`);
    const classes = range(0, depth, 1, 'int32', { engine: tensor.engine });
    return cast(equal(reshape(tensor, [...tensor.shape, 1]), classes), dtype);
  });
}

function fromIntegers(indices: TensorLike & readonly unknown[]): Tensor {
  return fromValues(defaultEngine('oneHot'), indices as TensorValues, undefined, 'int32', 'oneHot');
}
