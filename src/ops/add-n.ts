/** `addN`: the sum of tensors of one shape. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { sameShape, showShape } from '../values/shape.ts';
import { add } from './add.ts';
import { type TensorLike, toTensor } from './input.ts';

/** In their order. Throws `ArgumentError` for an empty list, `ShapeError` where shapes differ, `DtypeError` where dtypes do. */
export function addN(tensors: readonly TensorLike[]): Tensor {
  if (!Array.isArray(tensors) || tensors.length === 0)
    throw new ArgumentError(`addN: ${show(tensors)}; use a list of tensors`);
  return tidy(() => {
    const [first, ...rest] = tensors.map((value) => toTensor('addN', value)) as [Tensor, ...Tensor[]];
    const other = rest.find(({ shape }) => !sameShape(shape, first.shape));
    if (other)
      throw new ShapeError(
        `addN: shapes ${showShape(first.shape)} and ${showShape(other.shape)}; use one shape for all`,
      );
    return rest.reduce((sum, value) => add(sum, value), first.alias());
  });
}
