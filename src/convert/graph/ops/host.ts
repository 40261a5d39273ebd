/** Ops of a graph on small arrays that are known on the host: what becomes of shapes before they are used. */

import { stridedRanges } from '../../../ops/strided-slice.ts';
import { FormatError, ShapeError } from '../../../values/errors.ts';
import { broadcastShapes, normaliseAxes, sizeOf, stridesOf } from '../../../values/shape.ts';
import { HostArray, MOST_ON_HOST, rounded } from '../host-array.ts';
import {
  apart,
  axisOf,
  checkSize,
  folded,
  joined,
  mapped,
  part,
  running,
  sizes,
  spreadTo,
  view,
} from '../host-functions.ts';
import type { HostOp, OpCall } from '../op-call.ts';

const UNARY: Readonly<Record<string, (x: number) => number>> = {
  ...{ Abs: Math.abs, Ceil: Math.ceil, Exp: Math.exp, Floor: Math.floor, Log: Math.log, Sign: Math.sign },
  ...{ Sqrt: Math.sqrt, Tanh: Math.tanh, Sin: Math.sin, Cos: Math.cos, Tan: Math.tan, Asin: Math.asin },
  ...{ Acos: Math.acos, Atan: Math.atan, Sinh: Math.sinh, Cosh: Math.cosh, Asinh: Math.asinh },
  ...{ Acosh: Math.acosh, Atanh: Math.atanh, Log1p: Math.log1p, Expm1: Math.expm1 },
  LogicalNot: (x) => (x ? 0 : 1),
  Neg: (x) => -x,
  Reciprocal: (x) => 1 / x,
  Rsqrt: (x) => 1 / Math.sqrt(x),
  Relu: (x) => Math.max(x, 0),
  Sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  Square: (x) => x * x,
};

const add = (a: number, b: number) => a + b;
const ARITHMETIC: Readonly<Record<string, (a: number, b: number) => number>> = {
  ...{ Add: add, AddV2: add, Maximum: Math.max, Minimum: Math.min, Pow: (a, b) => a ** b },
  ...{ Div: (a, b) => a / b, RealDiv: (a, b) => a / b, Mul: (a, b) => a * b, Sub: (a, b) => a - b },
  Atan2: Math.atan2,
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
  Concat: (n) =>
    behind(
      n,
      n.inputs.slice(1).map((_, i) => n.host(i + 1)),
      n.number(0),
    ),
  ConcatV2: (n) =>
    behind(
      n,
      n.inputs.slice(0, -1).map((_, i) => n.host(i)),
      n.number(-1),
    ),
  Cumprod: (n) => running(n.host(0), n.number(1), [1, (a, b) => a * b], n.attributes),
  Cumsum: (n) => running(n.host(0), n.number(1), [0, add], n.attributes),
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
    const batchDims = n.attributes.int('batch_dims', 0);
    const count = x.shape[axis]!;
    const [outer, inner] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
    const batch = sizeOf(places.shape.slice(0, batchDims));
    const [rows, each, width] = [sizeOf(outer), places.size / batch, sizeOf(inner)];
    const shape = [...outer, ...places.shape.slice(batchDims), ...inner];
    checkSize(sizeOf(shape));
    if (sizeOf(shape) === 0) return new HostArray([], shape, x.dtype);
    const indices = n.ints(1);
    const values: number[] = [];
    for (let row = 0; row < rows; row++) {
      const begin = Math.floor(row / (rows / batch)) * each;
      for (const place of indices.slice(begin, begin + each)) {
        if (place < 0 || place >= count) throw new ShapeError(`index ${place} of ${count} elements`);
        const from = (row * count + place) * width;
        for (let i = 0; i < width; i++) values.push(x.values[from + i]!);
      }
    }
    return new HostArray(values, shape, x.dtype);
  },
  LinSpace: (n) => {
    const [start, stop, count] = [n.number(0), n.number(1), n.number(2)];
    if (count < 1) throw new FormatError(`${count} numbers; use 1 or more`);
    checkSize(count);
    const step = count > 1 ? (stop - start) / (count - 1) : 0;
    const values = Array.from({ length: count }, (_, i) => rounded(start + i * step, 'float32'));
    return new HostArray(values, [count], 'float32');
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
  SparseToDense: (n) => {
    const shape = sizes(n.ints(1));
    checkSize(sizeOf(shape));
    const [places, given] = [n.ints(0), n.host(2)];
    const count = n.host(0).shape[0] ?? 1;
    const strides = stridesOf(shape);
    const values = new Array<number>(sizeOf(shape)).fill(n.number(3));
    for (let row = 0; row < count; row++) {
      const at = places.slice(row * shape.length, (row + 1) * shape.length);
      if (at.length !== shape.length || at.some((place, axis) => !(place >= 0 && place < shape[axis]!)))
        throw new ShapeError(`index [${at.join(', ')}] of (${shape.join(', ')})`);
      const place = at.reduce((sum, own, axis) => sum + own * strides[axis]!, 0);
      values[place] = given.values[given.rank === 0 ? 0 : row]!;
    }
    return new HostArray(values, shape, given.dtype);
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

/** All but the axis, one behind the other. */
function behind(n: OpCall, parts: readonly HostArray[], axis: number): HostArray {
  if (parts.length === 0) throw new FormatError(`${n.inputs.length} inputs; give what is put together`);
  return joined(parts, axisOf(axis, parts[0]!.rank));
}

function chosen(n: OpCall): HostArray {
  const [condition, a, b] = [n.host(0), n.host(1), n.host(2)];
  return mapped([condition, a, b], a.dtype, (one, yes, no) => (one ? yes! : no!));
}
