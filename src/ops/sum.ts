/** `sum`, held in f32, and `broadcastTo`: each is the other's gradient. */
import { defineOp, gradientDType } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { stridedCopyKernel } from '../kernels/strided_copy.ts';
import { ShapeError } from '../values/errors.ts';
import {
  broadcastShapes,
  broadcastStrides,
  checkShape,
  type Shape,
  sameShape,
  showShape,
} from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';
import { reduceOp } from './reduce-op.ts';
import { reshape } from './reshape.ts';

const { reduce, reduceAs } = reduceOp('sum', 'SUM', 'deny', {
  gradient: ({ upstream, x }) => broadcastTo(upstream, x.shape),
});

/** Sum over `axes` (all by default); `keepDims` keeps them with size 1. */
export const sum: typeof reduce = reduce;
/** Sum over `axes`, kept with size 1, written in `dtype`: gradients of f32 masters leave the f32 accumulator as they are. */
export const sumAs: typeof reduceAs = reduceAs;

const broadcastOp = defineOp<Shape>({
  name: 'broadcastTo',
  precision: 'clear',
  moves: true,
  infer: ([x], shape) => [{ shape, dtype: x!.dtype }],
  forward: ([x], [y], shape) => stridedCopyKernel(x!, y!, shape, broadcastStrides(x!.shape, shape)),
  backward: ({ gradients, inputs }) => [sumTo(gradients[0]!, inputs[0]!)],
});

/** Values repeated along axes of size 1 and new leading axes. Throws `ShapeError` when `shape` is not one that `x` broadcasts to. */
export function broadcastTo(x: TensorLike, shape: Shape): Tensor {
  const tensor = toTensor('broadcastTo', x);
  if (sameShape(tensor.shape, shape)) return tensor;
  const wanted = checkShape('broadcastTo', shape);
  if (!sameShape(broadcastShapes('broadcastTo', tensor.shape, wanted), wanted)) {
    throw new ShapeError(
      `broadcastTo: ${showShape(tensor.shape)} does not broadcast to ${showShape(wanted)}`,
    );
  }
  return broadcastOp([tensor], wanted)[0]!;
}

/** `gradient` in the shape of `input`; where it is summed, the sum leaves its f32 accumulator in the input's gradient dtype. */
export function sumTo(gradient: Tensor, input: Tensor): Tensor {
  const { shape } = input;
  if (sameShape(gradient.shape, shape)) return gradient;
  const missing = gradient.rank - shape.length;
  const axes: number[] = [];
  for (let axis = 0; axis < gradient.rank; axis++) {
    const size = axis < missing ? 1 : shape[axis - missing]!;
    if (size === 1 && gradient.shape[axis] !== 1) axes.push(axis);
  }
  const summed = axes.length > 0 ? sumAs(gradient, axes, gradientDType(input)) : gradient;
  return reshape(summed, shape);
}
