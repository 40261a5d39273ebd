/** Functions of small arrays on the host: views, parts, elements, folds, as NumPy has them. */
import type { DType } from '../../values/dtype.ts';
import { ShapeError } from '../../values/errors.ts';
import {
  broadcastShapes,
  broadcastStrides,
  normaliseAxes,
  type Shape,
  sizeOf,
  stridesOf,
} from '../../values/shape.ts';
import type { Attributes } from './attributes.ts';
import { HostArray, MOST_ON_HOST, rounded } from './host-array.ts';

export function checkSize(size: number): void {
  if (!(size <= MOST_ON_HOST))
    throw new ShapeError(`${size} elements of a shape or an index; use ${MOST_ON_HOST} at most`);
}

export function sizes(shape: readonly number[]): readonly number[] {
  if (shape.some((size) => size < 0)) throw new ShapeError(`shape (${shape.join(', ')}) has a size below 0`);
  return shape;
}

export function axisOf(axis: number, rank: number): number {
  return normaliseAxes('the axis', axis, rank)[0]!;
}

/** Element by element, broadcast as in NumPy. */
export function mapped(
  inputs: readonly HostArray[],
  dtype: DType,
  fn: (...values: number[]) => number,
): HostArray {
  const shape = inputs.reduce((sum: Shape, x) => broadcastShapes('the inputs', sum, x.shape), []);
  const spread = inputs.map((x) => spreadTo(x, shape).values);
  const values = Array.from({ length: sizeOf(shape) }, (_, i) =>
    rounded(fn(...spread.map((own) => own[i]!)), dtype),
  );
  return new HostArray(values, shape, dtype);
}

export function spreadTo(x: HostArray, shape: Shape): HostArray {
  sizes(shape);
  checkSize(sizeOf(shape));
  const common = broadcastShapes('the shape', x.shape, shape);
  if (sizeOf(common) !== sizeOf(shape)) throw new ShapeError('the array does not broadcast to this shape');
  return view(x, shape, broadcastStrides(x.shape, shape), 0);
}

/** The elements of `x` that strides lead to. */
export function view(x: HostArray, shape: Shape, strides: readonly number[], begin: number): HostArray {
  const places = shape.reduce(
    (found: number[], size, axis) =>
      found.flatMap((place) => Array.from({ length: size }, (_, i) => place + i * strides[axis]!)),
    [begin],
  );
  return new HostArray(
    places.map((place) => x.values[place]!),
    shape,
    x.dtype,
  );
}

export function part(x: HostArray, begin: readonly number[], size: readonly number[]): HostArray {
  const fits = x.shape.every((whole, axis) => {
    const [from, count] = [begin[axis]!, size[axis]!];
    return from >= 0 && count >= 0 && from + count <= whole;
  });
  if (begin.length !== x.rank || !fits)
    throw new ShapeError(`begin [${begin.join(', ')}], size [${size.join(', ')}] of (${x.shape.join(', ')})`);
  const strides = stridesOf(x.shape);
  return view(
    x,
    size,
    strides,
    begin.reduce((sum, from, axis) => sum + from * strides[axis]!, 0),
  );
}

export function apart(x: HostArray, axis: number, lengths: readonly number[]): HostArray[] {
  const along = axisOf(axis, x.rank);
  let from = 0;
  return lengths.map((length) => {
    const one = part(
      x,
      x.shape.map((_, i) => (i === along ? from : 0)),
      x.shape.with(along, length),
    );
    from += length;
    return one;
  });
}

/** The parts behind each other along an axis; of none, an empty array like `like`. */
export function joined(parts: readonly HostArray[], axis: number, like: HostArray = parts[0]!): HostArray {
  const rows = sizeOf(like.shape.slice(0, axis));
  const length = parts.reduce((sum, { shape }) => sum + shape[axis]!, 0);
  const shape = like.shape.with(axis, length);
  checkSize(sizeOf(shape));
  const values: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (const { values: own } of parts) {
      const inner = own.length / rows;
      for (let i = 0; i < inner; i++) values.push(own[row * inner + i]!);
    }
  }
  return new HostArray(values, shape, like.dtype);
}

export function folded(
  x: HostArray,
  axes: readonly number[],
  keepDims: boolean,
  [start, fold]: readonly [number, (a: number, b: number) => number],
): HostArray {
  const along = normaliseAxes('the axes', axes, x.rank);
  const kept = x.shape.map((size, axis) => (along.includes(axis) ? 1 : size));
  const strides = broadcastStrides(kept, x.shape);
  const values = new Array<number>(sizeOf(kept)).fill(start);
  const places = view(new HostArray([...values.keys()], kept, 'int32'), x.shape, strides, 0).values;
  for (let i = 0; i < x.size; i++) values[places[i]!] = fold(values[places[i]!]!, x.values[i]!);
  const shape = keepDims ? kept : kept.filter((_, axis) => !along.includes(axis));
  return new HostArray(
    values.map((value) => rounded(value, x.dtype)),
    shape,
    x.dtype,
  );
}

/** What `fold` makes of the elements up to each one along `axis`; attributes `exclusive` and `reverse` as in `tf.cumsum`. */
export function running(
  x: HostArray,
  axis: number,
  [start, fold]: readonly [number, (a: number, b: number) => number],
  attributes: Attributes,
): HostArray {
  const along = axisOf(axis, x.rank);
  const [exclusive, reverse] = [attributes.bool('exclusive'), attributes.bool('reverse')];
  const [length, inner] = [x.shape[along]!, sizeOf(x.shape.slice(along + 1))];
  const values = new Array<number>(x.size);
  for (let row = 0; row < x.size / (length * inner); row++) {
    for (let column = 0; column < inner; column++) {
      let sum = start;
      for (let step = 0; step < length; step++) {
        const place = (row * length + (reverse ? length - 1 - step : step)) * inner + column;
        const next = rounded(fold(sum, x.values[place]!), x.dtype);
        values[place] = exclusive ? sum : next;
        sum = next;
      }
    }
  }
  return new HostArray(values, x.shape, x.dtype);
}
