/** Shapes: checking, element counts, row-major strides, axes and broadcasting, without any GPU. */

import { show } from './dtype.ts';
import { ShapeError } from './errors.ts';

/** Sizes along the axes. In shapes of symbolic tensors a size that only data tell is NaN: what is computed from it is unknown too. */
export type Shape = readonly number[];

/** As users write it: null for a size that only data tell. */
export type SampleShape = readonly (number | null)[];

/** Highest rank of a tensor. */
export const MAX_RANK = 6;

/** `(2, 3)`, for messages; null for what is not known. */
export function showShape(shape: Shape): string {
  return `(${shape.map((size) => (Number.isNaN(size) ? 'null' : size)).join(', ')})`;
}

/** Number of elements; 1 for a scalar. */
export function sizeOf(shape: Shape): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Returns a frozen copy. Throws `ShapeError` unless every size is a whole number of at least 1 and the rank at most 6. */
export function checkShape(where: string, shape: unknown): Shape {
  if (!Array.isArray(shape))
    throw new ShapeError(`${where}: shape must be an array of sizes, got ${show(shape)}`);
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) {
      throw new ShapeError(
        `${where}: size ${show(size)} in shape ${showShape(shape)}; every size must be a whole number of at least 1`,
      );
    }
  }
  if (shape.includes(0)) {
    throw new ShapeError(
      `${where}: shape ${showShape(shape)} has no elements; every size must be at least 1`,
    );
  }
  if (shape.length > MAX_RANK) {
    throw new ShapeError(
      `${where}: shape ${showShape(shape)} has rank ${shape.length}; at most ${MAX_RANK} is supported`,
    );
  }
  if (sizeOf(shape) > 0xffffffff) {
    throw new ShapeError(`${where}: shape ${showShape(shape)} has more than 2^32 - 1 elements`);
  }
  return Object.freeze([...(shape as number[])]);
}

/** A shape in which null stands for sizes that only data tell. Throws `ShapeError` as `checkShape`. */
export function checkSampleShape(where: string, shape: unknown): Shape {
  if (!Array.isArray(shape)) return checkShape(where, shape);
  const known = checkShape(
    where,
    shape.map((size) => (size === null || Number.isNaN(size) ? 1 : size)),
  );
  return Object.freeze(known.map((_, axis) => shape[axis] ?? Number.NaN));
}

/** Whether all sizes are known. */
export function isKnown(shape: Shape): boolean {
  return !shape.some((size) => Number.isNaN(size));
}

/** Whether two sizes can be equal: unknown ones can. */
export function mayEqual(a: number | undefined, b: number | undefined): boolean {
  return a === b || Number.isNaN(a) || Number.isNaN(b);
}

/** Whether two shapes can be equal, sizes that are unknown being what they must. */
export function mayBeSame(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => mayEqual(size, b[axis]));
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}

/** Row-major strides in elements. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis]!;
  }
  return strides;
}

/** The shape that both broadcast to, as NumPy does. Throws `ShapeError`. */
export function broadcastShapes(where: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const sizeA = a[axis - rank + a.length] ?? 1;
    const sizeB = b[axis - rank + b.length] ?? 1;
    if (!mayEqual(sizeA, sizeB) && sizeA !== 1 && sizeB !== 1) {
      throw new ShapeError(
        `${where}: shapes do not broadcast: a is ${showShape(a)}, b is ${showShape(b)}; sizes must be equal or 1, from the last axis on`,
      );
    }
    if (sizeA === 1 || sizeB === 1) return sizeA === 1 ? sizeB : sizeA;
    return Number.isNaN(sizeA) ? sizeB : sizeA;
  });
}

/** Strides with which a tensor of shape `from` is read when broadcast to `to`: 0 along every axis that repeats. */
export function broadcastStrides(from: Shape, to: Shape): number[] {
  const strides = stridesOf(from);
  const missing = to.length - from.length;
  return to.map((_, axis) => (axis < missing || from[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}

/** Axes, counted from the front and sorted; all of them for `undefined`. Negative axes count from the back. Throws `ShapeError`. */
export function normaliseAxes(
  where: string,
  axes: number | readonly number[] | undefined,
  rank: number,
): number[] {
  if (axes === undefined) return Array.from({ length: rank }, (_, axis) => axis);
  const wanted = typeof axes === 'number' ? [axes] : [...axes];
  const found = wanted.map((axis) => {
    if (!Number.isInteger(axis) || axis < -rank || axis >= rank) {
      throw new ShapeError(
        `${where}: axis ${show(axis)} for a tensor of rank ${rank}; use ${-rank} to ${rank - 1}`,
      );
    }
    return axis < 0 ? axis + rank : axis;
  });
  if (new Set(found).size !== found.length)
    throw new ShapeError(`${where}: axes ${show(wanted)} name an axis twice`);
  return found.sort((a, b) => a - b);
}
