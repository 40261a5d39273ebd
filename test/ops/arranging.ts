// Op table: ops that put tensors together, take them apart, mirror, repeat and choose.
import { composed } from '../../src/autograd/tidy.ts';
import * as ops from '../../src/ops/index.ts';
import { concat, mirrorPad, stack, strided, tile, where } from '../reference/arranging.ts';
import { at, build, type Plain } from '../reference/array.ts';
import { reshape } from '../reference/movement.ts';
import { integers, uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

const moved = { exact: true, also: ['int32', 'uint32', 'bool'] } as const;

/** Python's slices with the arguments that say the same to `stridedSlice`. */
function stridedRow(
  note: string,
  cases: readonly Shapes[],
  ranges: readonly (readonly [number | undefined, number | undefined, number])[],
): Row {
  const mask = (bound: 0 | 1) =>
    ranges.reduce((bits, range, i) => bits | (range[bound] === undefined ? 1 << i : 0), 0);
  const bounds = (bound: 0 | 1) => ranges.map((range) => range[bound] ?? 0);
  const steps = ranges.map(([, , step]) => step);
  return {
    ...{ op: 'stridedSlice', note, cases, ...moved },
    run: (x) => ops.stridedSlice(x!, bounds(0), bounds(1), steps, mask(0), mask(1)),
    reference: (x) => strided(x, ranges),
  };
}

function mirrorRow(
  mode: 'reflect' | 'symmetric',
  cases: readonly Shapes[],
  paddings: readonly (readonly [number, number])[],
): Row {
  return {
    ...{ op: 'mirrorPad', note: mode, cases, ...moved },
    run: (x) => ops.mirrorPad(x!, paddings, mode),
    reference: (x) => mirrorPad(x, paddings, mode),
  };
}

function concatRow(note: string, axis: number, cases: readonly Shapes[]): Row {
  return {
    ...{ op: 'concat', note, cases, ...moved },
    run: (...parts) => ops.concat(parts, axis),
    reference: (...parts) => concat(parts, axis < 0 ? axis + parts[0]!.shape.length : axis),
  };
}

const many = (count: number, shape: (i: number) => readonly number[]): Shapes =>
  Array.from({ length: count }, (_, i) => shape(i));

/** The parts again, the first one twice: a gradient by each, and by one of them two. */
const rejoined = (parts: readonly Plain[], axis: number) => concat([...parts, parts[0]!], axis);

const REPEATED: readonly (readonly [note: string, shape: readonly number[], reps: readonly number[]])[] = [
  ['of one axis', [7], [3]],
  ['of a scalar', [], []],
  ['of two axes', [3, 4], [2, 3]],
  ['of four axes', [2, 3, 1, 5], [2, 1, 3, 2]],
  ['of six axes', [2, 1, 2, 1, 2, 1], [1, 2, 2, 3, 2, 2]],
];

/** Pixel (i, j) of a block lies in the channels from `(size i + j) depth` on. */
const blocksOf = (x: Plain, size: number) => {
  const [batch, height, width, channels] = x.shape as [number, number, number, number];
  const depth = channels / size ** 2;
  return build([batch, height * size, width * size, depth], ([n, i, j, c]) => {
    const place = size * (i! % size) + (j! % size);
    return at(x, [n!, Math.floor(i! / size), Math.floor(j! / size), place * depth + c!]);
  });
};
const channelsOf = (x: Plain, size: number) => {
  const [batch, height, width, depth] = x.shape as [number, number, number, number];
  return build([batch, height / size, width / size, depth * size ** 2], ([n, i, j, c]) => {
    const place = Math.floor(c! / depth);
    return at(x, [n!, size * i! + Math.floor(place / size), size * j! + (place % size), c! % depth]);
  });
};

export const ARRANGING: readonly Row[] = [
  {
    ...{ op: 'depthToSpace', cases: [[[2, 3, 2, 8]], [[1, 1, 5, 12]]], ...moved },
    ...{ run: (x) => ops.depthToSpace(x!, 2), reference: (x) => blocksOf(x, 2) },
  },
  {
    ...{ op: 'depthToSpace', note: 'of 3', cases: [[[1, 2, 3, 9]]], ...moved },
    ...{ run: (x) => ops.depthToSpace(x!, 3), reference: (x) => blocksOf(x, 3) },
  },
  {
    ...{ op: 'spaceToDepth', cases: [[[2, 4, 6, 3]], [[1, 2, 2, 1]]], ...moved },
    ...{ run: (x) => ops.spaceToDepth(x!, 2), reference: (x) => channelsOf(x, 2) },
  },
  stridedRow(
    'with steps',
    [[[7, 9]], [[6, 8]], [[5, 33]]],
    [
      [1, 5, 2],
      [0, undefined, 3],
    ],
  ),
  stridedRow(
    'backwards',
    [[[7, 9]], [[59, 12]]],
    [
      [-1, 0, -2],
      [undefined, undefined, -1],
    ],
  ),
  stridedRow('of the first axis', [[[9, 4]], [[8]], [[7, 3, 2]]], [[-6, -1, 2]]),
  {
    ...{ op: 'stridedSlice', note: 'with masks', cases: [[[3, 4, 5]], [[3, 2, 2, 4]]], ...moved },
    // x[1, ..., newaxis, 1:3]
    run: (x) => ops.stridedSlice(x!, [1, 0, 0, 1], [0, 0, 0, 3], undefined, 0, 0, 2, 4, 1),
    reference: (x) => {
      const rest = x.shape.slice(1, -1).map(() => [undefined, undefined, 1] as const);
      const taken = strided(x, [[1, 2, 1], ...rest, [1, 3, 1]]);
      return reshape(taken, [...x.shape.slice(1, -1), 1, 2]);
    },
  },
  {
    ...{ op: 'reverse', cases: [[[7]], [[3, 4]], [[59, 37]], [[2, 3, 8]]], ...moved },
    ...{ run: (x) => ops.reverse(x!), reference: (x) => ({ ...x, data: x.data.toReversed() }) },
  },
  {
    ...{ op: 'reverse', note: 'of one axis', cases: [[[2, 3, 8]], [[4, 5]]], ...moved },
    run: (x) => ops.reverse(x!, -2),
    reference: (x) => {
      const before = x.shape.slice(0, -2).map(() => [undefined, undefined, 1] as const);
      return strided(x, [...before, [undefined, undefined, -1]]);
    },
  },
  {
    ...{ op: 'squeeze', cases: [[[1, 3, 1, 2]], [[7]], [[1]]], ...moved },
    reference: (x) =>
      reshape(
        x,
        x.shape.filter((size) => size !== 1),
      ),
  },
  {
    ...{ op: 'squeeze', note: 'of one axis', cases: [[[3, 1, 1]]], ...moved },
    ...{ run: (x) => ops.squeeze(x!, -2), reference: (x) => reshape(x, [3, 1]) },
  },
  {
    ...{ op: 'expandDims', cases: [[[]], [[7]], [[2, 3]]], ...moved },
    ...{ run: (x) => ops.expandDims(x!), reference: (x) => reshape(x, [1, ...x.shape]) },
  },
  {
    ...{ op: 'expandDims', note: 'at the end', cases: [[[]], [[2, 3]]], ...moved },
    ...{ run: (x) => ops.expandDims(x!, -1), reference: (x) => reshape(x, [...x.shape, 1]) },
  },
  concatRow('of rows', 0, [
    [[7], [5]],
    [[1], [1], [1]],
    [
      [3, 4],
      [1, 4],
      [5, 4],
    ],
    many(9, (i) => [i + 1, 3]),
    [[33]],
  ]),
  concatRow('of columns', -1, [
    [
      [5, 3],
      [5, 7],
    ],
    [
      [3, 8],
      [3, 4],
    ],
    [
      [3, 8],
      [3, 5],
      [3, 3],
    ],
    many(9, (i) => [3, 1 + (i % 3)]),
    many(17, () => [5, 1]),
    [
      [59, 37],
      [59, 1],
    ],
  ]),
  concatRow('of a middle axis', 1, [
    [
      [2, 3, 4],
      [2, 1, 4],
    ],
    [
      [3, 2, 3],
      [3, 5, 3],
    ],
  ]),
  {
    ...{ op: 'stack', cases: [many(3, () => [7]), many(2, () => []), many(5, () => [2, 4])], ...moved },
    run: (...parts) => ops.stack(parts),
    reference: (...parts) => stack(parts, 0),
  },
  {
    ...{ op: 'stack', note: 'at the end', cases: [many(3, () => [7]), many(9, () => [2, 3])], ...moved },
    run: (...parts) => ops.stack(parts, -1),
    reference: (...parts) => stack(parts, parts[0]!.shape.length),
  },
  {
    ...{ op: 'split', cases: [[[6, 3]], [[9, 4]]], ...moved },
    run: composed((x) => {
      const parts = ops.split(x!, 3);
      return ops.concat([...parts, parts[0]!]);
    }),
    reference: (x) => {
      const third = x.shape[0]! / 3;
      return rejoined(
        [0, 1, 2].map((i) => strided(x, [[i * third, (i + 1) * third, 1]])),
        0,
      );
    },
  },
  {
    ...{ op: 'split', note: 'into sizes', cases: [[[5, 8]], [[3, 7]], [[2, 59]]], ...moved },
    // The first part is not used: it has no gradient.
    run: composed((x) => ops.split(x!, [2, -1, 3], 1)[1]!),
    reference: (x) =>
      strided(x, [
        [undefined, undefined, 1],
        [2, x.shape[1]! - 3, 1],
      ]),
  },
  {
    ...{ op: 'unstack', cases: [[[3, 5]], [[4]], [[2, 3, 4]]], ...moved },
    run: composed((x) => ops.stack(ops.unstack(x!, -1).reverse())),
    reference: (x) => {
      const last = x.shape.at(-1)!;
      const places = Array.from({ length: last }, (_, i) => last - 1 - i);
      return stack(
        places.map((i) => ({
          shape: x.shape.slice(0, -1),
          data: x.data.filter((_, j) => j % last === i),
        })),
        0,
      );
    },
  },
  mirrorRow(
    'reflect',
    [[[4, 5]], [[59, 4]]],
    [
      [1, 2],
      [3, 0],
    ],
  ),
  mirrorRow(
    'symmetric',
    [[[2, 4]], [[7, 5]]],
    [
      [1, 2],
      [4, 1],
    ],
  ),
  ...REPEATED.map(
    ([note, shape, reps]): Row => ({
      ...{ op: 'tile', note, cases: [[shape]], also: ['int32'] },
      // Gradients are summed.
      terms: () => reps.reduce((product, count) => product * count, 1),
      ...{ run: (x) => ops.tile(x!, reps), reference: (x) => tile(x, reps) },
    }),
  ),
  {
    op: 'where',
    cases: [
      [[7], [7], [7]],
      [
        [59, 37],
        [59, 37],
        [59, 37],
      ],
      [[3, 1], [4], []],
      [[], [3, 5], [5]],
      [
        [2, 1, 3],
        [4, 1],
        [1, 1, 3],
      ],
      [[8], [5, 8], [8]],
    ],
    draws: [integers(0, 1, 'bool'), uniform(-2, 2), uniform(-2, 2)],
    reference: (condition, a, b) => where(condition, a, b),
    ...moved,
  },
];
