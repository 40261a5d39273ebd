/** `reverse`: elements in the opposite order along some axes. */
import type { Tensor } from '../autograd/tensor.ts';
import { normaliseAxes } from '../values/shape.ts';
import { cut } from './cut.ts';
import { type TensorLike, toTensor } from './input.ts';

/** `axes`: all by default; negative ones count from the back. Throws `ShapeError`. */
export function reverse(x: TensorLike, axes?: number | readonly number[]): Tensor {
  const tensor = toTensor('reverse', x);
  const turned = normaliseAxes('reverse', axes, tensor.rank);
  return cut(tensor, {
    begin: tensor.shape.map((size, axis) => (turned.includes(axis) ? size - 1 : 0)),
    size: tensor.shape,
    steps: tensor.shape.map((_, axis) => (turned.includes(axis) ? -1 : 1)),
  });
}
