/** Ops of a graph on small arrays that are known on the host: what becomes of shapes before they are used. */

import { stridedRanges } from '../../../ops/strided-slice.ts';
import type { DType } from '../../../values/dtype.ts';
import { ShapeError } from '../../../values/errors.ts';
import {
  broadcastShapes,
  broadcastStrides,
  normaliseAxes,
  type Shape,
  sizeOf,
  stridesOf,
} from '../../../values/shape.ts';
import { HostArray, MOST_ON_HOST, rounded } from '../host-array.ts';
import type { OpCall } from '../op-call.ts';

/** All inputs are host arrays. Undefined: the result is for the GPU. */
export type HostOp = (call: OpCall) => HostArray | readonly HostArray[] | undefined;

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  ...{ Abs: Math.abs, Ceil: Math.ceil, Exp: Math.exp, Floor: Math.floor, Log: Math.log, Sign: Math.sign },
  ...{ Sqrt: Math.sqrt, Tanh: Math.tanh },
  LogicalNot: (x) => (x ? 0 : 1),
  Neg: (x) => -x,
  Reciprocal: (x) => 1 / x,
  Rsqrt: (x) => 1 / Math.sqrt(x),
  Square: (x) => x * x,
};

const add = (a: number, b: number) => a + b;
const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  ...{ Add: add, AddV2: add, Maximum: Math.max, Minimum: Math.min, Pow: (a, b) => a ** b },
  ...{ Div: (a, b) => a / b, RealDiv: (a, b) => a / b, Mul: (a, b) => a * b, Sub: (a, b) => a - b },
  FloorDiv: (a, b) => Math.floor(a / b),
  FloorMod: (a, b) => a - b * Math.floor(a / b),
};

const COMPARISONS: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  ...{ Equal: (a, b) => a === b, NotEqual: (a, b) => a !== b, Less: (a, b) => a < b },
  ...{ LessEqual: (a, b) => a <= b, Greater: (a, b) => a > b, GreaterEqual: (a, b) => a >= b },
  ...{ LogicalAnd: (a, b) => Boolean(a && b), LogicalOr: (a, b) => Boolean(a || b) },
};

const FOLDS: Readonly<Record<string, readonly [start: number, fold: (a: number, b: number) => number]>> = {
  All: [1, Math.min],
  Any: [0, Math.max],
  Max: [Number.NEGATIVE_INFINITY, Math.max],
  Min: [Number.POSITIVE_INFINITY, Math.min],
  Prod: [1, (a, b) => a * b],
  Sum: [0, add],
};

export const HOST: Readonly<Record<string, HostOp>> = {
  ...from(UNARY, (fn) => (n) => mapped([n.host(0)], n.host(0).dtype, (x) => fn(x!))),
  ...from(ARITHMETIC, (fn) => (n) => mapped([n.host(0), n.host(1)], n.host(0).dtype, (a, b) => fn(a!, b!))),
  ...from(COMPARISONS, (fn) => (n) => mapped([n.host(0), n.host(1)], 'bool', (a, b) => Number(fn(a!, b!)))),
  ...from(FOLDS, (fold) => (n) => folded(n.host(0), n.ints(1), n.attributes.bool('keep_dims'), fold)),
  BroadcastArgs: (n) => HostArray.vector([...broadcastShapes('the shapes', n.ints(0), n.ints(1))]),
  BroadcastTo: (n) => spreadTo(n.host(0), n.ints(1)),
  Cast: (n) => mapped([n.host(0)], n.attributes.dtype('DstT'), (x) => x!),
  ConcatV2: (n) => {
    const axis = n.number(-1);
    return joined(
      n.inputs.slice(0, -1).map((_, i) => n.host(i)),
      axisOf(axis, n.host(0).rank),
    );
  },
  ExpandDims: (n) => {
    const x = n.host(0);
    const axis = axisOf(n.number(1), x.rank + 1);
    return x.reshaped(x.shape.toSpliced(axis, 0, 1));
  },
  Fill: (n) => {
    const shape = sizes(n.ints(0));
    const value = n.number(1);
    if (sizeOf(shape) > MOST_ON_HOST) return undefined;
    return new HostArray(new Array<number>(sizeOf(shape)).fill(value), shape, n.input(1).dtype);
  },
  GatherV2: (n) => {
    const [x, places] = [n.host(0), n.host(1)];
    const axis = axisOf(n.number(2), x.rank);
    const [outer, inner] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    const values: number[] = [];
    checkSize(sizeOf(outer) * places.size * sizeOf(inner));
    for (let row = 0; row < sizeOf(outer); row++) {
      for (const place of n.ints(1)) {
        if (place < 0 || place >= x.shape[axis]!)
          throw new ShapeError(`index ${place} of ${x.shape[axis]} elements`);
        const begin = (row * x.shape[axis]! + place) * sizeOf(inner);
        for (let i = 0; i < sizeOf(inner); i++) values.push(x.values[begin + i]!);
      }
    }
    return new HostArray(values, [...outer, ...places.shape, ...inner], x.dtype);
  },
  OnesLike: (n) => mapped([n.host(0)], n.host(0).dtype, () => 1),
  Pack: (n) => {
    const parts = n.inputs.map((_, i) => n.host(i));
    const axis = axisOf(n.attributes.int('axis', 0), parts[0]!.rank + 1);
    return joined(
      parts.map((part) => part.reshaped(part.shape.toSpliced(axis, 0, 1))),
      axis,
    );
  },
  Range: (n) => {
    const [start, limit, delta] = [n.number(0), n.number(1), n.number(2)];
    const count = Math.max(0, Math.ceil((limit - start) / delta));
    checkSize(count);
    const values = Array.from({ length: count }, (_, i) => start + i * delta);
    return new HostArray(values, [count], n.input(0).dtype);
  },
  Reshape: (n) => {
    const x = n.host(0);
    const shape = n.ints(1);
    const open = shape.indexOf(-1);
    const rest = x.size / sizeOf(shape.filter((_, axis) => axis !== open));
    return x.reshaped(open < 0 ? shape : shape.with(open, rest));
  },
  ReverseV2: (n) => {
    const x = n.host(0);
    const turned = normaliseAxes('the axes', n.ints(1), x.rank);
    const strides = stridesOf(x.shape);
    const along = strides.map((stride, axis) => (turned.includes(axis) ? -stride : stride));
    const begin = turned.reduce((sum, axis) => sum + (x.shape[axis]! - 1) * strides[axis]!, 0);
    return view(x, x.shape, along, begin);
  },
  Select: chosen,
  SelectV2: chosen,
  Slice: (n) => {
    const x = n.host(0);
    const [begin, size] = [n.ints(1), n.ints(2)];
    return part(
      x,
      begin,
      x.shape.map((whole, axis) => (size[axis] === -1 ? whole - begin[axis]! : size[axis]!)),
    );
  },
  Split: (n) => {
    const count = n.attributes.int('num_split');
    const whole = n.host(1).shape[axisOf(n.number(0), n.host(1).rank)]!;
    if (count < 1 || whole % count !== 0) throw new ShapeError(`${whole} elements in ${count} parts`);
    return apart(n.host(1), n.number(0), new Array<number>(count).fill(whole / count));
  },
  SplitV: (n) => apart(n.host(0), n.number(2), n.ints(1)),
  Squeeze: (n) => {
    const x = n.host(0);
    const axes = n.attributes.ints('squeeze_dims', n.attributes.ints('axis', []));
    const gone = normaliseAxes('the axes', axes.length > 0 ? axes : undefined, x.rank);
    return x.reshaped(x.shape.filter((size, axis) => size !== 1 || !gone.includes(axis)));
  },
  StridedSlice: (n) => {
    const x = n.host(0);
    const mask = (name: string) => n.attributes.int(`${name}_mask`, 0);
    const { ranges, result } = stridedRanges('the slice', x.shape, n.ints(1), n.ints(2), n.ints(3), {
      ...{ begin: mask('begin'), end: mask('end'), ellipsis: mask('ellipsis') },
      ...{ newAxis: mask('new_axis'), shrinkAxis: mask('shrink_axis') },
    });
    const strides = stridesOf(x.shape);
    const taken = view(
      x,
      ranges.map(({ size }) => size),
      ranges.map(({ step }, axis) => step * strides[axis]!),
      ranges.reduce((sum, { begin }, axis) => sum + begin * strides[axis]!, 0),
    );
    return taken.reshaped(result);
  },
  Tile: (n) => {
    const reps = n.ints(1);
    checkSize(n.host(0).size * reps.reduce((product, count) => product * count, 1));
    return reps.reduce(
      (x, count, axis) => joined(new Array<HostArray>(Math.max(0, count)).fill(x), axis, x),
      n.host(0),
    );
  },
  Transpose: (n) => {
    const x = n.host(0);
    const order = n.ints(1);
    const strides = stridesOf(x.shape);
    if (normaliseAxes('the order', order, x.rank).length !== x.rank)
      throw new ShapeError(`order [${order.join(', ')}]; name each axis once`);
    return view(
      x,
      order.map((axis) => x.shape[axis]!),
      order.map((axis) => strides[axis]!),
      0,
    );
  },
  Unpack: (n) => {
    const x = n.host(0);
    const axis = axisOf(n.attributes.int('axis', 0), x.rank);
    const parts = apart(x, axis, new Array<number>(x.shape[axis]!).fill(1));
    return parts.map((one) => one.reshaped(x.shape.toSpliced(axis, 1)));
  },
  ZerosLike: (n) => mapped([n.host(0)], n.host(0).dtype, () => 0),
};

function from<F>(functions: Readonly<Record<string, F>>, row: (fn: F) => HostOp): Record<string, HostOp> {
  return Object.fromEntries(Object.entries(functions).map(([name, fn]) => [name, row(fn)]));
}

function checkSize(size: number): void {
  if (!(size <= MOST_ON_HOST))
    throw new ShapeError(`${size} elements of a shape or an index; use ${MOST_ON_HOST} at most`);
}

function sizes(shape: readonly number[]): readonly number[] {
  if (shape.some((size) => size < 0)) throw new ShapeError(`shape (${shape.join(', ')}) has a size below 0`);
  return shape;
}

function axisOf(axis: number, rank: number): number {
  return normaliseAxes('the axis', axis, rank)[0]!;
}

/** Element by element, broadcast as in NumPy. */
function mapped(inputs: readonly HostArray[], dtype: DType, fn: (...values: number[]) => number): HostArray {
  const shape = inputs.reduce((sum: Shape, x) => broadcastShapes('the inputs', sum, x.shape), []);
  const spread = inputs.map((x) => spreadTo(x, shape).values);
  const values = Array.from({ length: sizeOf(shape) }, (_, i) =>
    rounded(fn(...spread.map((own) => own[i]!)), dtype),
  );
  return new HostArray(values, shape, dtype);
}

function chosen(n: OpCall): HostArray {
  const [condition, a, b] = [n.host(0), n.host(1), n.host(2)];
  return mapped([condition, a, b], a.dtype, (one, yes, no) => (one ? yes! : no!));
}

function spreadTo(x: HostArray, shape: Shape): HostArray {
  sizes(shape);
  checkSize(sizeOf(shape));
  const common = broadcastShapes('the shape', x.shape, shape);
  if (sizeOf(common) !== sizeOf(shape)) throw new ShapeError('the array does not broadcast to this shape');
  return view(x, shape, broadcastStrides(x.shape, shape), 0);
}

/** The elements of `x` that strides lead to. */
function view(x: HostArray, shape: Shape, strides: readonly number[], begin: number): HostArray {
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

function part(x: HostArray, begin: readonly number[], size: readonly number[]): HostArray {
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

function apart(x: HostArray, axis: number, lengths: readonly number[]): HostArray[] {
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
function joined(parts: readonly HostArray[], axis: number, like: HostArray = parts[0]!): HostArray {
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

function folded(
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
