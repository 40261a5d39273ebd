/** `tile`: a tensor repeated along its axes. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { show } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { checkShape, showShape, sizeOf } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';
import { reshape } from './reshape.ts';
import { broadcastTo } from './sum.ts';

/** Axes that one broadcast repeats: each takes another one before it, and a tensor has six at most. */
const AT_ONCE = 2;

/** `reps[axis]` copies behind each other along each axis. Throws `ShapeError`. */
export function tile(x: TensorLike, reps: readonly number[]): Tensor {
  return tidy(() => {
    const tensor = toTensor('tile', x);
    const { rank, shape } = tensor;
    const isCount = (count: unknown) => Number.isInteger(count) && (count as number) >= 1;
    if (!Array.isArray(reps) || reps.length !== rank || !reps.every(isCount)) {
      throw new ShapeError(
        `tile: reps ${show(reps)} for shape ${showShape(shape)}; give a whole number of at least 1 for each axis`,
      );
    }
    const result = checkShape(
      'tile',
      shape.map((size, axis) => size * reps[axis]!),
    );
    const repeated = reps.flatMap((count, axis) => (count > 1 ? [axis] : []));
    let y = tensor.alias();
    // From the last axis on: what is behind a repeated axis is as long as it will be.
    while (repeated.length > 0) y = repeat(y, repeated.splice(-AT_ONCE), reps);
    return reshape(y, result);
  });
}

/** Each of `axes` repeated; those behind one are one with it, and so are those before the first. */
function repeat(x: Tensor, axes: readonly number[], reps: readonly number[]): Tensor {
  const lead = sizeOf(x.shape.slice(0, axes[0]));
  const sizes = axes.map((axis, i) => sizeOf(x.shape.slice(axis, axes[i + 1])));
  const narrow = reshape(x, [lead, ...sizes.flatMap((size) => [1, size])]);
  const wide = broadcastTo(narrow, [lead, ...sizes.flatMap((size, i) => [reps[axes[i]!]!, size])]);
  return reshape(
    wide,
    x.shape.map((size, axis) => (axes.includes(axis) ? size * reps[axis]! : size)),
  );
}
