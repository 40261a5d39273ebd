/** Operations that move elements: shapes, parts, axes, rows by index. */
import type { Tensor } from '../../autograd/tensor.ts';
import { cast } from '../../ops/cast.ts';
import { concat, split } from '../../ops/concat.ts';
import { depthToSpace, spaceToDepth } from '../../ops/depth-to-space.ts';
import { gather } from '../../ops/gather.ts';
import { type TensorLike, toIndices, toTensor } from '../../ops/input.ts';
import { mirrorPad, pad } from '../../ops/pad.ts';
import { reshape } from '../../ops/reshape.ts';
import { reverse } from '../../ops/reverse.ts';
import { expandDims, squeeze } from '../../ops/squeeze.ts';
import { stack, unstack } from '../../ops/stack.ts';
import { stridedRanges, stridedSlice } from '../../ops/strided-slice.ts';
import { tile } from '../../ops/tile.ts';
import { transpose } from '../../ops/transpose.ts';
import { ShapeError } from '../../values/errors.ts';
import { mayBeSame, mayEqual, type Shape, showShape, sizeOf } from '../../values/shape.ts';
import type { Arguments, ItemKey } from './arguments.ts';
import { type OperationTable, one } from './row.ts';

export const ARRANGING: OperationTable = {
  getItem: one(
    ['key'],
    (shape, given) => {
      const { begin, end, steps, masks } = boundsOf(given.key('key'));
      const { ranges, result } = stridedRanges('operation', shape, begin, end, steps, masks);
      // An index into an unknown size takes nothing as far as the ranges know.
      if (ranges.some(({ size }, axis) => size === 0 && !Number.isNaN(shape[axis])))
        throw new ShapeError(`operation: getItem leaves nothing of shape ${showShape(shape)}`);
      return result;
    },
    (x, given) => {
      const { begin, end, steps, masks } = boundsOf(given.key('key'));
      const bits = [masks.begin, masks.end, masks.ellipsis, masks.newAxis, masks.shrinkAxis] as const;
      return stridedSlice(x, begin, end, steps, ...bits);
    },
  ),
  reshape: one(
    ['newShape'],
    (shape, given) => reshaped(shape, sizesOf(given)),
    (x, given) =>
      reshape(
        x,
        sizesOf(given).map((size) => size ?? x.shape[0]!),
      ),
  ),
  transpose: one(
    ['axes'],
    (shape, given) => orderOf(shape.length, given).map((axis) => shape[axis]!),
    (x, given) => transpose(x, orderOf(x.rank, given)),
  ),
  swapaxes: one(
    ['axis1', 'axis2'],
    (shape, given) => swapped(shape.length, given).map((axis) => shape[axis]!),
    (x, given) => transpose(x, swapped(x.rank, given)),
  ),
  expandDims: one(
    ['axis'],
    (shape, given) => shape.toSpliced(given.axis('axis', shape.length + 1), 0, 1),
    (x, given) => expandDims(x, given.axis('axis', x.rank + 1)),
  ),
  squeeze: one(
    ['axis'],
    (shape, given) => {
      const gone = singles(shape, given);
      if (gone.some((axis) => !mayEqual(shape[axis], 1)))
        throw new ShapeError(
          `operation: squeeze of axes ${gone.join(', ')} of ${showShape(shape)}; use axes of size 1`,
        );
      return shape.filter((_, axis) => !gone.includes(axis));
    },
    (x, given) => squeeze(x, singles(x.shape, given)),
  ),
  flip: one(
    ['axis'],
    (shape, given) => {
      given.axes('axis', shape.length);
      return shape;
    },
    (x, given) => reverse(x, given.axes('axis', x.rank)),
  ),
  tile: one(
    ['repeats'],
    (shape, given) => {
      const counts = given.integers('repeats');
      if (counts.length !== shape.length || counts.some((count) => count < 1))
        given.refuse('repeats', `${shape.length} whole numbers from 1 on, one for each axis`);
      return shape.map((size, axis) => size * counts[axis]!);
    },
    (x, given) => tile(x, given.integers('repeats')),
  ),
  repeat: one(
    ['repeats', 'axis'],
    (shape, given) => {
      const axis = given.axis('axis', shape.length);
      return shape.with(axis, shape[axis]! * given.count('repeats'));
    },
    (x, given) => {
      const [axis, count] = [given.axis('axis', x.rank), given.count('repeats')];
      const apart = expandDims(x, axis + 1);
      const repeated = tile(
        apart,
        apart.shape.map((_, at) => (at === axis + 1 ? count : 1)),
      );
      return reshape(repeated, x.shape.with(axis, x.shape[axis]! * count));
    },
  ),
  pad: one(
    ['padWidth', 'mode', 'constantValues'],
    (shape, given) => {
      const pairs = given.pairs('padWidth');
      if (pairs.length !== shape.length) given.refuse('padWidth', `${shape.length} pairs, one for each axis`);
      return shape.map((size, axis) => size + pairs[axis]![0] + pairs[axis]![1]);
    },
    (x, given) => {
      const mode = given.string('mode', ['constant', 'reflect', 'symmetric'], 'constant');
      const pairs = given.pairs('padWidth');
      return mode === 'constant'
        ? pad(x, pairs, given.number('constantValues', 0))
        : mirrorPad(x, pairs, mode);
    },
  ),
  split: one(
    ['indicesOrSections', 'axis'],
    (shape, given) => {
      const axis = given.axis('axis', shape.length, 0);
      return partsOf(shape[axis]!, given).map((size) => shape.with(axis, size));
    },
    (x, given) => {
      const axis = given.axis('axis', x.rank, 0);
      return split(x, [...partsOf(x.shape[axis]!, given)], axis);
    },
  ),
  unstack: one(
    ['num', 'axis'],
    (shape, given) => {
      const axis = given.axis('axis', shape.length, 0);
      const count = given.number('num', shape[axis]);
      if (!Number.isInteger(count) || !mayEqual(count, shape[axis]))
        given.refuse('num', `the size of axis ${axis}`);
      return Array.from({ length: count }, () => shape.toSpliced(axis, 1));
    },
    (x, given) => unstack(x, given.axis('axis', x.rank, 0)),
  ),
  stack: {
    ...{ operands: 'list', parameters: ['axis'] },
    shape: (shapes, given) => {
      const [first] = shapes;
      if (!shapes.every((shape) => mayBeSame(shape, first!)))
        throw new ShapeError(`operation: stack of ${shapes.map(showShape).join(', ')}; use one shape`);
      return first!.toSpliced(given.axis('axis', first!.length + 1, 0), 0, shapes.length);
    },
    run: (tensors, given) => {
      const parts = tensors as readonly Tensor[];
      return stack(parts, given.axis('axis', parts[0]!.rank + 1, 0));
    },
  },
  concatenate: {
    ...{ operands: 'list', parameters: ['axis'] },
    shape: (shapes, given) => {
      const [first] = shapes;
      const axis = given.axis('axis', first!.length, 0);
      if (!shapes.every((shape) => mayBeSame(shape.toSpliced(axis, 1), first!.toSpliced(axis, 1))))
        throw new ShapeError(
          `operation: concatenate of ${shapes.map(showShape).join(', ')}; sizes may differ along axis ${axis} alone`,
        );
      return first!.with(
        axis,
        shapes.reduce((sum, shape) => sum + shape[axis]!, 0),
      );
    },
    run: (tensors, given) => concat(tensors, given.axis('axis', rankOf(tensors), 0)),
  },
  take: {
    ...{ operands: ['x', 'indices'], parameters: ['axis'] },
    shape: ([x, indices], given) => x!.toSpliced(given.axis('axis', x!.length, 0), 1, ...indices!),
    run: ([table, places], given) => {
      const x = toTensor('operation', table!, tensorIn([places!]));
      const indices = isTensor(places!)
        ? cast(places, 'int32')
        : toIndices('operation', 'indices', places!, x);
      return gather(x, indices, given.axis('axis', x.rank, 0));
    },
  },
  depthToSpace: one(
    ['blockSize'],
    (shape, given) => {
      const size = given.count('blockSize');
      const [batch, height, width, channels] = imageOf(shape);
      return [batch, height * size, width * size, channels / size ** 2];
    },
    (x, given) => depthToSpace(x, given.count('blockSize')),
  ),
  spaceToDepth: one(
    ['blockSize'],
    (shape, given) => {
      const size = given.count('blockSize');
      const [batch, height, width, channels] = imageOf(shape);
      return [batch, height / size, width / size, channels * size ** 2];
    },
    (x, given) => spaceToDepth(x, given.count('blockSize')),
  ),
};

const isTensor = (value: TensorLike): value is Tensor => typeof value === 'object' && 'engine' in value;
const tensorIn = (values: readonly TensorLike[]) => values.find(isTensor);

function rankOf(tensors: readonly TensorLike[]): number {
  return tensorIn(tensors)!.rank;
}

/** Bounds and masks as `stridedSlice` takes them. */
function boundsOf(key: readonly ItemKey[]) {
  const bound = (of: 'start' | 'stop') => (item: ItemKey) =>
    typeof item === 'object' ? (item?.[of] ?? 0) : typeof item === 'number' && of === 'start' ? item : 0;
  const where = (test: (item: ItemKey) => boolean) =>
    key.reduce<number>((bits, item, entry) => bits | (test(item) ? 1 << entry : 0), 0);
  const open = (of: 'start' | 'stop') => (item: ItemKey) =>
    typeof item === 'object' && item !== null && item[of] === null;
  return {
    begin: key.map(bound('start')),
    end: key.map(bound('stop')),
    steps: key.map((item) => (typeof item === 'object' ? (item?.step ?? 1) : 1)),
    masks: {
      ...{ begin: where(open('start')), end: where(open('stop')), ellipsis: where((item) => item === '...') },
      ...{ newAxis: where((item) => item === null), shrinkAxis: where((item) => typeof item === 'number') },
    },
  };
}

/** Null stands for the batch, -1 for what is left. */
function sizesOf(given: Arguments): readonly (number | null)[] {
  const value = given.get('newShape');
  const isSize = (size: unknown) => Number.isInteger(size) && ((size as number) > 0 || size === -1);
  const fits = (size: unknown, axis: number) => isSize(size) || (axis === 0 && size === null);
  if (!Array.isArray(value) || !value.every(fits) || value.indexOf(-1) !== value.lastIndexOf(-1))
    given.refuse('newShape', 'a list of sizes from 1 on, -1 once at most, and null for the batch');
  return value as (number | null)[];
}

function reshaped(shape: Shape, sizes: readonly (number | null)[]): Shape {
  const wanted = sizes.map((size) => size ?? shape[0]!);
  const rest = sizeOf(shape) / sizeOf(wanted.filter((size) => size !== -1));
  // Where sizes are not known, what is left in front is taken for the batch.
  const left = (axis: number) => (Number.isNaN(rest) && axis === 0 ? shape[0]! : rest);
  const result = wanted.map((size, axis) => (size === -1 ? left(axis) : size));
  if (Number.isNaN(rest) || (sizeOf(result) === sizeOf(shape) && result.every(Number.isInteger)))
    return result;
  throw new ShapeError(
    `operation: reshape of ${showShape(shape.slice(1))} a sample to ${sizes.slice(1).join(', ')}`,
  );
}

function orderOf(rank: number, given: Arguments): readonly number[] {
  const axes = Array.from({ length: rank }, (_, axis) => axis);
  if (given.get('axes') === undefined) return axes.reverse();
  const order = given.integers('axes').map((axis) => (axis < 0 ? axis + rank : axis));
  if (order.length !== rank || axes.some((axis) => !order.includes(axis)))
    given.refuse('axes', `each of ${rank} axes once`);
  return order;
}

function swapped(rank: number, given: Arguments): readonly number[] {
  const [a, b] = [given.axis('axis1', rank), given.axis('axis2', rank)];
  return Array.from({ length: rank }, (_, axis) => (axis === a ? b : axis === b ? a : axis));
}

/** The axes that `squeeze` takes away: never that of the batch unless it is named. */
function singles(shape: Shape, given: Arguments): readonly number[] {
  if (given.get('axis') !== undefined) return given.axes('axis', shape.length);
  return shape.flatMap((size, axis) => (axis > 0 && size === 1 ? [axis] : []));
}

/** Sizes of equal parts, or of those that begin at 0 and at each index, as in NumPy. */
function partsOf(size: number, given: Arguments): readonly number[] {
  if (typeof given.get('indicesOrSections') === 'number') {
    const count = given.count('indicesOrSections');
    if (size % count !== 0) given.refuse('indicesOrSections', `a divisor of ${size}`);
    return Array<number>(count).fill(size / count);
  }
  const ends = [...given.integers('indicesOrSections'), size];
  const parts = ends.map((end, i) => end - (i === 0 ? 0 : ends[i - 1]!));
  if (parts.some((part) => part < 1)) given.refuse('indicesOrSections', `rising indices below ${size}`);
  return parts;
}

function imageOf(shape: Shape): [number, number, number, number] {
  if (shape.length === 4) return [...shape] as [number, number, number, number];
  throw new ShapeError(`operation: samples are ${showShape(shape.slice(1))}; use (height, width, channels)`);
}
