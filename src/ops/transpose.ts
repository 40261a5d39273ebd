/** `transpose`: axes in another order. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { stridedCopyKernel } from '../kernels/strided_copy.ts';
import { show } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { showShape, stridesOf } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';

const op = defineOp<readonly number[]>({
  name: 'transpose',
  precision: 'clear',
  moves: true,
  infer: ([x], order) => [{ shape: order.map((axis) => x!.shape[axis]!), dtype: x!.dtype }],
  forward: ([x], [y], order) => {
    const strides = stridesOf(x!.shape);
    stridedCopyKernel(
      x!,
      y!,
      y!.shape,
      order.map((axis) => strides[axis]!),
    );
  },
  backward: ({ gradients, attributes: order }) => [
    transpose(
      gradients[0]!,
      order.map((_, axis) => order.indexOf(axis)),
    ),
  ],
});

/** `order` names the input's axes in the result's order; reversed by default. Throws `ShapeError`. */
export function transpose(x: TensorLike, order?: readonly number[]): Tensor {
  const tensor = toTensor('transpose', x);
  const wanted = order ?? tensor.shape.map((_, axis) => tensor.rank - 1 - axis);
  if (
    !Array.isArray(wanted) ||
    wanted.length !== tensor.rank ||
    tensor.shape.some((_, axis) => !wanted.includes(axis))
  ) {
    throw new ShapeError(
      `transpose: order ${show(wanted)} for shape ${showShape(tensor.shape)}; name each axis once`,
    );
  }
  return op([tensor], wanted)[0]!;
}
