/** `all` and `any`: whether every value along axes is true, or one. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { requireDType } from '../values/dtype.ts';
import { cast } from './cast.ts';
import { type TensorLike, toTensor } from './input.ts';
import { max } from './max.ts';
import { min } from './min.ts';
import type { ReduceFunction } from './reduce-op.ts';

function logical(name: string, fold: ReduceFunction): ReduceFunction {
  return (x: TensorLike, axes, keepDims = false): Tensor =>
    tidy(() => {
      const tensor = toTensor(name, x);
      requireDType(name, 'x', tensor.dtype, ['bool']);
      return cast(fold(cast(tensor, 'int32'), axes, keepDims), 'bool');
    });
}

/** Whether all of a bool tensor is true over `axes` (all by default); `keepDims` keeps them with size 1. Throws `DtypeError`. */
export const all = logical('all', min);
/** Whether any of a bool tensor is true over `axes` (all by default); `keepDims` keeps them with size 1. Throws `DtypeError`. */
export const any = logical('any', max);
