/** `topk`: the greatest values along the last axis, and where they stand. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { topKKernel } from '../kernels/sort.ts';
import { requireDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { sizeOf } from '../values/shape.ts';
import { gather } from './gather.ts';
import { type TensorLike, toTensor } from './input.ts';
import { reshape } from './reshape.ts';

/** Places in the row, and in all of x. */
const op = defineOp<number>({
  name: 'topk',
  precision: 'clear',
  infer: ([x], k) => {
    requireDType('topk', 'x', x!.dtype, ['float32', 'float16', 'int32', 'uint32']);
    const rows = x!.shape.slice(0, -1);
    return [
      { shape: [...rows, k], dtype: 'int32' },
      { shape: [sizeOf(rows) * k], dtype: 'int32' },
    ];
  },
  forward: ([x], [indices, flat], k) =>
    topKKernel(x!, { indices: indices!, flat: flat! }, x!.shape.at(-1)!, k),
});

/**
 * The `k` greatest values along the last axis, the greatest first, and their int32 indices; of equal values the one with the smaller index
 * comes first, and NaN before all numbers. They are sorted whatever `sorted` says. The gradient goes to the chosen elements.
 * Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function topk(x: TensorLike, k = 1, sorted = true): { values: Tensor; indices: Tensor } {
  if (typeof sorted !== 'boolean') throw new ArgumentError(`topk: sorted ${show(sorted)}; use true or false`);
  return tidy(() => {
    const tensor = toTensor('topk', x);
    const columns = tensor.shape.at(-1);
    if (columns === undefined) throw new ShapeError('topk: x is a scalar; use a tensor of rank 1 or more');
    if (!Number.isInteger(k) || k < 1 || k > columns) {
      throw new ArgumentError(
        `topk: k ${show(k)} for ${columns} values; use a whole number of 1 to ${columns}`,
      );
    }
    const [indices, flat] = op([tensor], k) as [Tensor, Tensor];
    return { values: reshape(gather(reshape(tensor, [-1]), flat), indices.shape), indices };
  });
}
