/** `pad` and `mirrorPad`: a tensor with something around it. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkShape, showShape } from '../values/shape.ts';
import { concatAlong } from './concat.ts';
import { cut, inset } from './cut.ts';
import { constantOf, type TensorLike, toTensor } from './input.ts';

export type Paddings = readonly (readonly [before: number, after: number])[];

/** `paddings[axis]` is how many elements of `value` stand before and after. Throws `ShapeError`. */
export function pad(x: TensorLike, paddings: Paddings, value = 0): Tensor {
  const tensor = toTensor('pad', x);
  checkPaddings('pad', tensor, paddings);
  const shape = tensor.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]);
  return inset(tensor, checkShape('pad', shape), {
    before: paddings.map(([before]) => before),
    value: constantOf('pad', value, tensor.dtype),
  });
}

const MODES = ['reflect', 'symmetric'] as const;

/**
 * `paddings[axis]` is how many of the tensor's own elements stand before and after, mirrored at its edge: `'reflect'` leaves
 * out the outermost element, which `'symmetric'` repeats. Paddings are at most the axis's size, in `'reflect'` one less. Throws
 * `ShapeError`, `ArgumentError`.
 */
export function mirrorPad(x: TensorLike, paddings: Paddings, mode: (typeof MODES)[number]): Tensor {
  return tidy(() => {
    const tensor = toTensor('mirrorPad', x);
    if (!MODES.includes(mode))
      throw new ArgumentError(`mirrorPad: unknown mode ${show(mode)}; use ${list(MODES)}`);
    checkPaddings('mirrorPad', tensor, paddings);
    const skipped = mode === 'reflect' ? 1 : 0;
    for (const [axis, size] of tensor.shape.entries()) {
      if (Math.max(...paddings[axis]!) > size - skipped) {
        throw new ShapeError(
          `mirrorPad: paddings ${show(paddings[axis])} of axis ${axis} in mode '${mode}' for shape ${showShape(tensor.shape)}; use at most ${size - skipped}`,
        );
      }
    }
    checkShape(
      'mirrorPad',
      tensor.shape.map((size, axis) => size + paddings[axis]![0] + paddings[axis]![1]),
    );
    return paddings.reduce(
      (padded: Tensor, [before, after], axis) => mirrored(padded, axis, before, after, skipped),
      tensor.alias(),
    );
  });
}

function mirrored(x: Tensor, axis: number, before: number, after: number, skipped: number): Tensor {
  /** `count` elements along the axis from `start` on, backwards. */
  const backwards = (start: number, count: number) =>
    cut(x, {
      begin: x.shape.map((_, i) => (i === axis ? start : 0)),
      size: x.shape.map((size, i) => (i === axis ? count : size)),
      steps: x.shape.map((_, i) => (i === axis ? -1 : 1)),
    });
  const parts = [
    ...(before > 0 ? [backwards(before - 1 + skipped, before)] : []),
    x,
    ...(after > 0 ? [backwards(x.shape[axis]! - 1 - skipped, after)] : []),
  ];
  return parts.length > 1 ? concatAlong(parts, axis) : x;
}

function checkPaddings(where: string, { rank, shape }: Tensor, paddings: Paddings): void {
  const isPair = (pair: unknown) =>
    Array.isArray(pair) && pair.length === 2 && pair.every((count) => Number.isInteger(count) && count >= 0);
  if (!Array.isArray(paddings) || paddings.length !== rank || !paddings.every(isPair)) {
    throw new ShapeError(
      `${where}: paddings ${show(paddings)} for shape ${showShape(shape)}; give [before, after] for each axis`,
    );
  }
}
