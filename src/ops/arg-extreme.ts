/** `argMax` and `argMin`: the index of the largest or smallest value along an axis, the first of equals. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { argExtremeKernel } from '../kernels/arg_extreme.ts';
import { DtypeError, ShapeError } from '../values/errors.ts';
import { normaliseAxes, sizeOf } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';

function argExtreme(name: string, extreme: 'greatest' | 'least'): (x: TensorLike, axis?: number) => Tensor {
  const op = defineOp<number>({
    name,
    precision: 'clear',
    infer: ([x], axis) => {
      if (x!.dtype === 'bool') throw new DtypeError(`${name}: x is bool; cast it to a number first`);
      return [{ shape: x!.shape.toSpliced(axis, 1), dtype: 'int32' }];
    },
    forward: ([x], [y], axis) =>
      argExtremeKernel(x!, y!, extreme, {
        outer: sizeOf(x!.shape.slice(0, axis)),
        reduced: x!.shape[axis]!,
        inner: sizeOf(x!.shape.slice(axis + 1)),
      }),
  });
  return (x, axis = 0) => {
    const tensor = toTensor(name, x);
    if (tensor.rank === 0) throw new ShapeError(`${name}: x is a scalar; use a tensor of rank 1 or more`);
    return op([tensor], normaliseAxes(name, axis, tensor.rank)[0]!)[0]!;
  };
}

/**
 * int32, in the shape of `x` without `axis` (the first by default, as in TensorFlow.js). A NaN counts as the largest, as in NumPy. Throws
 * `ShapeError` for a scalar, `DtypeError` for bools.
 */
export const argMax = argExtreme('argMax', 'greatest');

/** Like `argMax`, of the smallest value; here a NaN counts as the smallest. */
export const argMin = argExtreme('argMin', 'least');
