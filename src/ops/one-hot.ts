/** `oneHot`: class numbers as rows of zeros with a one. */

import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { type DType, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { cast } from './cast.ts';
import { equal } from './compare.ts';
import { range } from './creation.ts';
import { type TensorLike, toIndices } from './input.ts';
import { reshape } from './reshape.ts';

/** `indices` (...) of int32 give (..., depth); an index outside 0 ... depth - 1 gives a row of zeros. */
export function oneHot(indices: TensorLike, depth: number, dtype: DType = 'float32'): Tensor {
  return tidy(() => {
    const tensor = toIndices('oneHot', 'indices', indices);
    if (!Number.isInteger(depth) || depth < 1)
      throw new ArgumentError(`oneHot: depth ${show(depth)}; use a whole number above 0`);
    const classes = range(0, depth, 1, 'int32', { engine: tensor.engine });
    return cast(equal(reshape(tensor, [...tensor.shape, 1]), classes), dtype);
  });
}
