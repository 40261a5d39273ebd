/** `concat` and `split`: tensors put together along an axis, and taken apart; each is the other's gradient. */
import { defineOp } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { concatKernel } from '../kernels/concat.ts';
import { stridedCopyKernel } from '../kernels/strided_copy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, DtypeError, ShapeError } from '../values/errors.ts';
import { normaliseAxes, type Shape, showShape, sizeOf, stridesOf } from '../values/shape.ts';
import { zeros } from './creation.ts';
import { type TensorLike, toTensor } from './input.ts';

const concatOp = defineOp<number>({
  name: 'concat',
  precision: 'clear',
  moves: true,
  infer: (parts, axis) => {
    const { shape, dtype } = parts[0]!;
    let along = 0;
    for (const [i, part] of parts.entries()) {
      if (part.dtype !== dtype) {
        throw new DtypeError(
          `concat: dtypes differ: tensor 0 is ${dtype}, tensor ${i} is ${part.dtype}; cast one`,
        );
      }
      if (part.rank !== shape.length || shape.some((size, at) => at !== axis && size !== part.shape[at])) {
        throw new ShapeError(
          `concat: tensor 0 is ${showShape(shape)}, tensor ${i} is ${showShape(part.shape)}; sizes may differ along axis ${axis} alone`,
        );
      }
      along += part.shape[axis]!;
    }
    return [{ shape: resized(shape, axis, along), dtype }];
  },
  forward: (parts, [y], axis) => concatKernel(parts, y!, sizeOf(y!.shape.slice(0, axis))),
  backward: ({ gradients: [upstream], inputs, attributes: axis }) =>
    splitOp([upstream!], { axis, sizes: inputs.map(({ shape }) => shape[axis]!) }),
});

interface Split {
  readonly axis: number;
  readonly sizes: readonly number[];
}

const splitOp = defineOp<Split>({
  name: 'split',
  precision: 'clear',
  moves: true,
  infer: ([x], { axis, sizes }) =>
    sizes.map((size) => ({ shape: resized(x!.shape, axis, size), dtype: x!.dtype })),
  forward: ([x], parts, { axis }) => {
    const strides = stridesOf(x!.shape);
    let begin = 0;
    for (const part of parts) {
      stridedCopyKernel(x!, part, part.shape, strides, begin * strides[axis]!);
      begin += part.shape[axis]!;
    }
  },
  backward: ({ gradients, outputs, attributes: { axis } }) => {
    const whole = gradients.map(
      (gradient, i) =>
        gradient ?? zeros(outputs[i]!.shape, outputs[i]!.dtype, { engine: outputs[i]!.engine }),
    );
    return [concatAlong(whole, axis)];
  },
});

function resized(shape: Shape, axis: number, size: number): Shape {
  return shape.map((own, i) => (i === axis ? size : own));
}

/** The tensors behind each other along an axis counted from the front. Throws `ShapeError`, `DtypeError`. */
export function concatAlong(parts: readonly Tensor[], axis: number): Tensor {
  return concatOp(parts, axis)[0]!;
}

/**
 * The tensors behind each other along `axis`, of equal dtypes and of shapes that differ along it alone; negative axes count
 * from the back. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function concat(tensors: readonly TensorLike[], axis = 0): Tensor {
  const parts = toParts('concat', tensors);
  const { rank } = parts[0]!;
  if (rank === 0) throw new ShapeError('concat: tensor 0 is a scalar; use ht.stack');
  return concatAlong(parts, normaliseAxes('concat', axis, rank)[0]!);
}

/** The operands of an op that takes a list of tensors: numbers and arrays take the dtype of the first. */
export function toParts(where: string, tensors: readonly TensorLike[]): Tensor[] {
  if (!Array.isArray(tensors) || tensors.length === 0)
    throw new ArgumentError(`${where}: tensors ${show(tensors)}; use an array of one tensor or more`);
  const first = toTensor(where, tensors[0]!);
  return tensors.map((value, i) => (i === 0 ? first : toTensor(where, value, first)));
}

/**
 * The parts of `x` along `axis`: so many equal ones, or one of each size in a list, of which one may be -1: what is left.
 * Throws `ShapeError`.
 */
export function split(x: TensorLike, numOrSizeSplits: number | readonly number[], axis = 0): Tensor[] {
  const tensor = toTensor('split', x);
  if (tensor.rank === 0) throw new ShapeError('split: x is a scalar; use a tensor of rank 1 or more');
  const [along] = normaliseAxes('split', axis, tensor.rank);
  const whole = tensor.shape[along!]!;
  const sizes = Array.isArray(numOrSizeSplits)
    ? filledUp(numOrSizeSplits, whole)
    : equalParts(numOrSizeSplits as number, whole);
  if (!sizes) {
    throw new ShapeError(
      `split: ${show(numOrSizeSplits)} along axis ${along} of shape ${showShape(tensor.shape)}; use a divisor of ${whole}, or sizes that add up to it`,
    );
  }
  return splitOp([tensor], { axis: along!, sizes });
}

function equalParts(count: number, whole: number): number[] | undefined {
  const fits = Number.isInteger(count) && count > 0 && whole % count === 0;
  return fits ? new Array<number>(count).fill(whole / count) : undefined;
}

function filledUp(sizes: readonly number[], whole: number): number[] | undefined {
  const rest = whole - sizes.reduce((sum, size) => sum + (size === -1 ? 0 : size), 0);
  const open = sizes.indexOf(-1);
  const filled = sizes.map((size, i) => (i === open ? rest : size));
  const fits = filled.every((size) => Number.isInteger(size) && size > 0);
  return fits && (open >= 0 || rest === 0) ? filled : undefined;
}
