/** `cumsum`: running sums along an axis. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type CumsumOptions, cumsumKernel } from '../kernels/cumsum.ts';
import { requireDType } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { normaliseAxes, sizeOf } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';

const op = defineOp<CumsumOptions & { axis: number }>({
  name: 'cumsum',
  precision: 'unlisted',
  infer: ([x]) => {
    requireDType('cumsum', 'x', x!.dtype, ['float32', 'float16', 'int32', 'uint32']);
    return [{ shape: x!.shape, dtype: x!.dtype }];
  },
  forward: ([x], [y], { axis, ...options }) =>
    cumsumKernel(
      x!,
      y!,
      {
        outer: sizeOf(x!.shape.slice(0, axis)),
        reduced: x!.shape[axis]!,
        inner: sizeOf(x!.shape.slice(axis + 1)),
      },
      options,
    ),
  // What an element is part of: the same sums from the other end.
  backward: ({ gradients: [upstream], attributes: { axis, exclusive, reverse } }) => [
    cumsum(upstream!, axis, exclusive, !reverse),
  ],
});

/**
 * The sum of the elements up to each one along `axis`; `exclusive` leaves out the element itself, `reverse` begins at the end. Held in f32.
 * Throws `ShapeError`, `DtypeError`.
 */
export function cumsum(x: TensorLike, axis = 0, exclusive = false, reverse = false): Tensor {
  const tensor = toTensor('cumsum', x);
  if (tensor.rank === 0) throw new ShapeError('cumsum: x is a scalar; use a tensor of rank 1 or more');
  const [along] = normaliseAxes('cumsum', axis, tensor.rank);
  return op([tensor], { axis: along!, exclusive: Boolean(exclusive), reverse: Boolean(reverse) })[0]!;
}
