/** What the normalisations share: checks of their options, and inputs with the normalised axes behind the others. */
import type { Tensor } from '../autograd/tensor.ts';
import { requireDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { type Shape, sameShape, showShape } from '../values/shape.ts';
import { cast } from './cast.ts';
import { type TensorLike, toTensor } from './input.ts';
import { transpose } from './transpose.ts';

/** A float tensor. Throws `DtypeError`. */
export function floatInput(where: string, value: TensorLike): Tensor {
  const x = toTensor(where, value);
  requireDType(where, 'x', x.dtype, ['float32', 'float16']);
  return x;
}

/** Throws `ArgumentError` unless `value` is a number from 0 on. */
export function checkEpsilon(where: string, value: unknown, name = 'epsilon'): number {
  if (typeof value === 'number' && value >= 0 && Number.isFinite(value)) return value;
  throw new ArgumentError(`${where}: ${name} ${show(value)}; use a number from 0 on`);
}

/** A weight or statistic as float32. Throws `ShapeError`, `DtypeError`. */
export function vectorOf(
  where: string,
  name: string,
  value: TensorLike | undefined,
  x: Tensor,
  shape: Shape,
): Tensor | undefined {
  if (value === undefined) return undefined;
  const vector = toTensor(where, value, x);
  requireDType(where, name, vector.dtype, ['float32', 'float16']);
  if (!sameShape(vector.shape, shape)) {
    throw new ShapeError(
      `${where}: ${name} is ${showShape(vector.shape)}, x is ${showShape(x.shape)}; use ${showShape(shape)}`,
    );
  }
  return cast(vector, 'float32');
}

/** `x` with `axes`, sorted, behind the others, and the way back for a tensor of its shape. */
export function withAxesLast(
  x: Tensor,
  axes: readonly number[],
): { moved: Tensor; back: (y: Tensor) => Tensor } {
  const others = x.shape.flatMap((_, axis) => (axes.includes(axis) ? [] : [axis]));
  const order = [...others, ...axes];
  if (order.every((axis, index) => axis === index)) return { moved: x, back: (y) => y };
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return { moved: transpose(x, order), back: (y) => transpose(y, inverse) };
}
