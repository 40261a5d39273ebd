/** `slice`, a box cut out of a tensor, and `pad`, a constant around one: each is the other's gradient. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { padKernel } from '../kernels/pad.ts';
import { stridedCopyKernel } from '../kernels/strided_copy.ts';
import { show } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { checkShape, type Shape, showShape, stridesOf } from '../values/shape.ts';
import { constantOf, type TensorLike, toTensor } from './input.ts';

interface Box {
  readonly begin: readonly number[];
  readonly size: Shape;
}

const sliceOp = defineOp<Box>({
  name: 'slice',
  precision: 'clear',
  infer: ([x], { size }) => [{ shape: size, dtype: x!.dtype }],
  forward: ([x], [y], { begin, size }) => {
    const strides = stridesOf(x!.shape);
    const base = begin.reduce((sum, start, axis) => sum + start * strides[axis]!, 0);
    stridedCopyKernel(x!, y!, size, strides, base);
  },
  backward: ({ gradients, inputs, attributes: { begin, size } }) => {
    const after = inputs[0]!.shape.map((whole, axis) => whole - begin[axis]! - size[axis]!);
    return [
      pad(
        gradients[0]!,
        begin.map((before, axis) => [before, after[axis]!] as const),
      ),
    ];
  },
});

/** Elements `begin[axis] ... begin[axis] + size[axis] - 1`; a size of -1 goes to the end. Throws `ShapeError`. */
export function slice(x: TensorLike, begin: readonly number[], size: readonly number[]): Tensor {
  const tensor = toTensor('slice', x);
  const { shape } = tensor;
  const isList = (list: unknown) => Array.isArray(list) && list.length === shape.length;
  const sizes = shape.map((whole, axis) =>
    size?.[axis] === -1 ? whole - (begin?.[axis] ?? Number.NaN) : size?.[axis],
  );
  const fits = shape.every((whole, axis) => {
    const [start, length] = [begin?.[axis], sizes[axis]];
    return (
      Number.isInteger(start) &&
      Number.isInteger(length) &&
      start! >= 0 &&
      length! >= 1 &&
      start! + length! <= whole
    );
  });
  if (!isList(begin) || !isList(size) || !fits) {
    throw new ShapeError(
      `slice: begin ${show(begin)} and size ${show(size)} leave shape ${showShape(shape)}`,
    );
  }
  return sliceOp([tensor], { begin: [...begin], size: sizes as number[] })[0]!;
}

interface Padding {
  readonly before: readonly number[];
  readonly shape: Shape;
  readonly value: number;
}

const padOp = defineOp<Padding>({
  name: 'pad',
  precision: 'clear',
  infer: ([x], { shape }) => [{ shape, dtype: x!.dtype }],
  forward: ([x], [y], { before, value }) => padKernel(x!, y!, before, value),
  backward: ({ gradients, inputs, attributes: { before } }) => [
    slice(gradients[0]!, before, inputs[0]!.shape),
  ],
});

/** `paddings[axis]` is how many elements of `value` stand before and after. Throws `ShapeError`. */
export function pad(
  x: TensorLike,
  paddings: readonly (readonly [before: number, after: number])[],
  value = 0,
): Tensor {
  const tensor = toTensor('pad', x);
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((count) => Number.isInteger(count) && count >= 0);
  if (!Array.isArray(paddings) || paddings.length !== tensor.rank || !paddings.every(isPair)) {
    throw new ShapeError(
      `pad: paddings ${show(paddings)} for shape ${showShape(tensor.shape)}; give [before, after] for each axis`,
    );
  }
  const shape = tensor.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
  return padOp([tensor], {
    before: paddings.map(([before]) => before),
    shape: checkShape('pad', shape),
    value: constantOf('pad', value, tensor.dtype),
  })[0]!;
}
