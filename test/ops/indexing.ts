// Op table: ops that read and add elements at indices.
import { composed } from '../../src/autograd/tidy.ts';
import * as ops from '../../src/ops/index.ts';
import type { Plain } from '../reference/array.ts';
import { cumsum, gather, gatherND, scatter, segmentSum, topk } from '../reference/indexing.ts';
import { argMax } from '../reference/reduce.ts';
import { type Draw, distinct, integers, uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

const moved = { exact: true, also: ['int32', 'uint32', 'bool'] } as const;
const values = uniform(-2, 2);

/** Indices, some of them outside of an axis of this size. */
const around = (size: number): Draw => integers(-1, size, 'int32');

/** Nearly all indices are 0, as those of padding are: its segment is long. */
const mostlyZero: Draw = {
  dtype: 'int32',
  draw: (random, shape) =>
    Array.from({ length: shape.reduce((product, size) => product * size, 1) }, () =>
      random() < 0.9 ? 0 : Math.floor(random() * 5),
    ),
};

function cumsumRow(
  note: string,
  axis: number,
  exclusive: boolean,
  reverse: boolean,
  cases: readonly Shapes[],
): Row {
  return {
    ...{ op: 'cumsum', note, cases, also: ['int32'] },
    run: (x) => ops.cumsum(x!, axis, exclusive, reverse),
    reference: (x) => cumsum(x, axis < 0 ? axis + x.shape.length : axis, exclusive, reverse),
    terms: (x) => x.shape.at(axis)!,
  };
}

const negated = (x: Plain): Plain => ({ ...x, data: x.data.map((value) => -value) });

export const INDEXING: readonly Row[] = [
  {
    ...{ op: 'gather', draws: [values, around(5)], ...moved },
    cases: [
      [[5], [7]],
      [[5, 3], [4]],
      [
        [5, 8],
        [2, 3],
      ],
      [[5, 2, 3], []],
      [[5, 37], [59]],
    ],
    reference: (x, indices) => gather(x, indices),
    terms: () => 4,
  },
  {
    ...{ op: 'gather', note: 'along the last axis', draws: [values, around(4)], ...moved },
    cases: [
      [[4], [5]],
      [
        [3, 4],
        [2, 2],
      ],
      [[59, 4], [7]],
    ],
    run: (x, indices) => ops.gather(x!, indices!, -1),
    reference: (x, indices) => gather(x, indices, x.shape.length - 1),
  },
  {
    ...{ op: 'gather', note: 'along a middle axis', draws: [values, around(5)], ...moved },
    cases: [
      [[2, 5, 3], [4]],
      [[3, 5, 4], [7]],
    ],
    run: (x, indices) => ops.gather(x!, indices!, 1),
    reference: (x, indices) => gather(x, indices, 1),
  },
  {
    ...{ op: 'embeddingLookup', draws: [values, mostlyZero], exact: true },
    cases: [
      [
        [5, 4],
        [2, 3],
      ],
      [[5, 3], [300]],
      [
        [6, 8],
        [3, 70],
      ],
    ],
    reference: (table, ids) => gather(table, ids),
  },
  {
    ...{ op: 'unsortedSegmentSum', draws: [values, around(6)], also: ['int32'] },
    cases: [
      [[7], [7]],
      [[33, 3], [33]],
      [[300, 4], [300]],
      [
        [2, 3, 8],
        [2, 3],
      ],
      [[1, 37], [1]],
      [[2, 3], []],
    ],
    run: (x, ids) => ops.unsortedSegmentSum(x!, ids!, 6),
    reference: (x, ids) => segmentSum(x, ids, 6),
    terms: (_, ids) => Math.max(1, ids!.data.length / 4),
  },
  {
    ...{ op: 'unsortedSegmentSum', note: 'of long segments', draws: [values, mostlyZero] },
    cases: [
      [[900, 2], [900]],
      [[700, 8], [700]],
    ],
    run: (x, ids) => ops.unsortedSegmentSum(x!, ids!, 5),
    reference: (x, ids) => segmentSum(x, ids, 5),
    terms: (_, ids) => ids!.data.length,
  },
  {
    ...{ op: 'gatherND', draws: [values, around(3)], ...moved },
    cases: [
      [
        [3, 3],
        [5, 2],
      ],
      [
        [3, 4],
        [2, 3, 1],
      ],
      [
        [3, 3, 3],
        [4, 3],
      ],
      [
        [3, 3, 5],
        [7, 2],
      ],
    ],
    reference: (x, indices) => gatherND(x, indices),
  },
  {
    ...{ op: 'scatterND', draws: [around(3), values], also: ['int32'] },
    cases: [
      [[5, 2], [5]],
      [
        [7, 1],
        [7, 3, 5],
      ],
      [
        [2, 3, 2],
        [2, 3, 5],
      ],
    ].map(([indices, updates]) => [indices!, updates!]),
    run: (indices, updates) => {
      const slice = updates!.shape.slice(indices!.rank - 1);
      const named = [3, 3].slice(0, indices!.shape.at(-1)!);
      return ops.scatterND(indices!, updates!, [...named, ...slice]);
    },
    reference: (indices, updates) => {
      const slice = updates.shape.slice(indices.shape.length - 1);
      const shape = [...[3, 3].slice(0, indices.shape.at(-1)!), ...slice];
      const size = shape.reduce((product, own) => product * own, 1);
      const zeros = { shape, data: new Array<number>(size).fill(0) };
      return scatter(zeros, indices, updates, (a, b) => a + b);
    },
    terms: (indices) => indices.data.length,
  },
  {
    ...{ op: 'tensorScatterUpdate', draws: [values, around(3), values], ...moved },
    cases: [
      [[3, 3], [5, 2], [5]],
      [
        [3, 4],
        [4, 1],
        [4, 4],
      ],
      [
        [3, 3, 5],
        [2, 7, 2],
        [2, 7, 5],
      ],
    ],
    reference: (x, indices, updates) => scatter(x, indices, updates, (_, update) => update),
  },
  {
    ...{ op: 'topk', draws: distinct, exact: true, also: ['int32', 'uint32'] },
    cases: [[[5]], [[7, 33]], [[2, 3, 8]], [[3, 600]], [[1, 1030]]],
    run: composed((x) => ops.topk(x!, 3).values),
    reference: (x) => topk(x, 3).values,
  },
  {
    ...{ op: 'topk', note: 'indices', draws: integers(-9, 9), result: 'int32', constant: true },
    cases: [[[5]], [[7, 33]], [[3, 257]], [[2, 2, 513]], [[1, 1400]]],
    run: composed((x) => ops.topk(x!, 5).indices),
    reference: (x) => topk(x, 5).indices,
    also: ['int32', 'uint32'],
  },
  ...[0, 1, -1].map(
    (axis): Row => ({
      ...{ op: 'argMin', note: `along axis ${axis}`, result: 'int32', constant: true },
      cases: [[[3, 5]], [[4, 33, 2]], [[2, 700]], [[59, 37]]],
      run: (x) => ops.argMin(x!, axis),
      reference: (x) => argMax(negated(x), axis),
      also: ['int32', 'uint32'],
    }),
  ),
  {
    ...{ op: 'argMax', note: 'of long rows with equals', result: 'int32', constant: true },
    ...{ cases: [[[3, 300]], [[2, 2, 257]]], draws: integers(-3, 3), also: ['int32', 'uint32'] },
    ...{ run: (x) => ops.argMax(x!, -1), reference: (x) => argMax(x, -1) },
  },
  cumsumRow('of rows', -1, false, false, [[[7]], [[3, 5]], [[2, 3, 8]], [[2, 150]], [[1, 33]]]),
  cumsumRow('of columns', 0, false, false, [[[5, 3]], [[7, 8]], [[140, 1]], [[1]], [[33, 2, 2]]]),
  cumsumRow('of rows, exclusive', -1, true, false, [[[7]], [[3, 12]], [[1, 141]]]),
  cumsumRow('of columns, exclusive and reversed', 0, true, true, [[[5, 3]], [[130, 4]], [[8]]]),
  cumsumRow('of rows, reversed', -1, false, true, [[[7]], [[3, 8]], [[2, 131]]]),
  cumsumRow('of a middle axis, reversed', 1, false, true, [[[2, 5, 3]], [[2, 70, 1]]]),
];
