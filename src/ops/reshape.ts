/** `reshape`: the same memory in another shape. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { ShapeError } from '../values/errors.ts';
import { checkShape, type Shape, sameShape, showShape, sizeOf } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';

const op = defineOp<Shape>({
  name: 'reshape',
  precision: 'clear',
  infer: ([x], shape) => [{ shape, dtype: x!.dtype }],
  backward: ({ gradients, inputs }) => [reshape(gradients[0]!, inputs[0]!.shape)],
});

/** One size may be -1: what is left. Throws `ShapeError` when the number of elements differs. */
export function reshape(x: TensorLike, shape: Shape): Tensor {
  const tensor = toTensor('reshape', x);
  if (!Array.isArray(shape)) checkShape('reshape', shape);
  const open = shape.indexOf(-1);
  if (shape.lastIndexOf(-1) !== open) {
    throw new ShapeError(
      `reshape: shape ${showShape(shape)} leaves more than one size open; use -1 once at most`,
    );
  }
  const rest = open < 0 ? 1 : tensor.size / sizeOf(shape.filter((_, axis) => axis !== open));
  const wanted =
    open < 0 || !Number.isInteger(rest) ? shape : shape.map((size, axis) => (axis === open ? rest : size));
  if (sameShape(wanted, tensor.shape)) return tensor.alias();
  if (sizeOf(wanted) !== tensor.size || (open >= 0 && !Number.isInteger(rest))) {
    throw new ShapeError(
      `reshape: ${showShape(tensor.shape)} has ${tensor.size} elements, which do not fit ${showShape(shape)}`,
    );
  }
  return op([tensor], checkShape('reshape', wanted))[0]!;
}
