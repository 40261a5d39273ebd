/** `cut`, elements at even steps of a tensor, and `inset`, a tensor inside a larger one: each is the other's gradient. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { type Inset, padKernel } from '../kernels/pad.ts';
import { stridedCopyKernel } from '../kernels/strided_copy.ts';
import { type Shape, stridesOf } from '../values/shape.ts';

/** `size[axis]` elements from `begin[axis]` on, `steps[axis]` apart: 1 by default, below 0 backwards. */
export interface Cut {
  readonly begin: readonly number[];
  readonly size: Shape;
  readonly steps?: readonly number[];
}

const cutOp = defineOp<Cut>({
  name: 'slice',
  precision: 'clear',
  moves: true,
  infer: ([x], { size }) => [{ shape: size, dtype: x!.dtype }],
  forward: ([x], [y], { begin, size, steps }) => {
    const strides = stridesOf(x!.shape);
    const base = begin.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
    const along = strides.map((stride, axis) => stride * (steps?.[axis] ?? 1));
    stridedCopyKernel(x!, y!, size, along, base);
  },
  backward: ({ gradients, inputs: [x], attributes: { begin, size, steps } }) => {
    if (!steps) return [inset(gradients[0]!, x!.shape, { before: begin, value: 0 })];
    // Where steps go backwards, so do the gradient's elements.
    const first = begin.map((start, axis) => start + Math.min(0, steps[axis]!) * (size[axis]! - 1));
    const forwards = turnedBack(gradients[0]!, steps);
    return [inset(forwards, x!.shape, { before: first, steps: steps.map(Math.abs), value: 0 })];
  },
});

function turnedBack(x: Tensor, steps: readonly number[]): Tensor {
  const turned = steps.map((step) => (step < 0 ? -1 : 1));
  if (!turned.includes(-1)) return x;
  const begin = x.shape.map((size, axis) => (turned[axis]! < 0 ? size - 1 : 0));
  return cut(x, { begin, size: x.shape, steps: turned });
}

/** The cut must lie inside `x`: its callers check that. */
export function cut(x: Tensor, attributes: Cut): Tensor {
  return cutOp([x], attributes)[0]!;
}

const insetOp = defineOp<Inset & { shape: Shape }>({
  name: 'pad',
  precision: 'clear',
  moves: true,
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  forward: ([x], [y], attributes) => padKernel(x!, y!, attributes),
  backward: ({ gradients, inputs: [x], attributes: { before, steps } }) => [
    cut(gradients[0]!, { begin: before, size: x!.shape, ...(steps && { steps }) }),
  ],
});

/** `x` inside a tensor of `shape`, which must have the room: its callers check that. */
export function inset(x: Tensor, shape: Shape, place: Inset): Tensor {
  return insetOp([x], { ...place, shape })[0]!;
}
