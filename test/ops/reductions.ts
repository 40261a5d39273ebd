// Op table: reductions and what works on rows.
import * as ops from '../../src/ops/index.ts';
import type { Plain } from '../reference/array.ts';
import { argMax, type Fold, maxOf, meanOf, minOf, reduce, sumOf } from '../reference/reduce.ts';
import {
  denseCrossEntropy,
  logSoftmax,
  logSumExp,
  softmax,
  sparseCrossEntropy,
} from '../reference/softmax.ts';
import { type Draw, distinct, integers, uniform, weights } from './draws.ts';
import type { Row, Shapes } from './row.ts';

interface Axes {
  readonly note: string;
  readonly shapes: readonly (readonly number[])[];
  readonly axes?: number | readonly number[];
  readonly keepDims?: true;
}

/** Each path of the reduction kernels: short and long rows, whole quads and ragged, columns, parts, several runs of axes. */
const AXES: readonly Axes[] = [
  { note: 'of all', shapes: [[], [1], [7], [33], [130], [59, 37], [2, 3, 4]] },
  {
    note: 'of rows',
    axes: -1,
    shapes: [
      [5, 3],
      [7, 8],
      [6, 64],
      [5, 130],
      [1, 65],
    ],
  },
  {
    note: 'of columns, kept',
    axes: 0,
    keepDims: true,
    shapes: [
      [3, 5],
      [7, 8],
      [59, 37],
      [130, 1],
    ],
  },
  {
    note: 'of axes apart',
    axes: [0, 2],
    shapes: [
      [3, 5, 7, 2],
      [2, 4, 3, 8],
      [2, 1, 66],
    ],
  },
  {
    note: 'of axes apart, kept',
    axes: [-1, 1],
    keepDims: true,
    shapes: [
      [3, 5, 7, 2],
      [2, 3, 4, 70],
    ],
  },
  { note: 'of no axis', axes: [], shapes: [[3, 5]] },
  {
    note: 'of columns in parts',
    axes: 1,
    shapes: [
      [3, 600, 2],
      [1, 900, 4],
    ],
  },
];

function reductions(op: string, run: typeof ops.sum, fold: Fold, rest: Partial<Row> = {}): Row[] {
  return AXES.map(({ note, shapes, axes, keepDims }) => ({
    ...{ op, note, ...rest },
    cases: shapes.map((shape): Shapes => [shape]),
    run: (x) => run(x!, axes, keepDims),
    reference: (x: Plain) => reduce(fold, x, axes, keepDims),
  }));
}

const LONG_ROWS: Row = {
  op: 'sum',
  note: 'of a row in parts',
  cases: [[[33001]], [[2, 32768]]],
  run: (x) => ops.sum(x!, -1),
  reference: (x) => reduce(sumOf, x, -1),
};

const ROWS: readonly Shapes[] = [[[1]], [[7]], [[3, 33]], [[2, 3, 4]], [[5, 130]], [[59, 37]]];
const classes = (count: number): Draw => integers(0, count - 1, 'int32');

export const REDUCTIONS: readonly Row[] = [
  ...reductions('sum', ops.sum, sumOf, { also: ['int32', 'uint32'] }),
  LONG_ROWS,
  ...reductions('mean', ops.mean, meanOf),
  ...reductions('max', ops.max, maxOf, { exact: true, draws: distinct, also: ['int32', 'uint32'] }),
  ...reductions('min', ops.min, minOf, { exact: true, draws: distinct, also: ['int32', 'uint32'] }),
  {
    op: 'argMax',
    cases: ROWS,
    run: (x) => ops.argMax(x!, -1),
    reference: (x) => argMax(x, -1),
    result: 'int32',
    constant: true,
    also: ['int32', 'uint32'],
  },
  {
    ...{ op: 'argMax', note: 'along the first axis', cases: [[[5]], [[4, 3]], [[3, 2, 5]]] },
    ...{ run: (x) => ops.argMax(x!), reference: (x) => argMax(x, 0), result: 'int32', constant: true },
  },
  { op: 'softmax', cases: ROWS, reference: softmax },
  { op: 'logSoftmax', cases: ROWS, reference: logSoftmax },
  { op: 'logSumExp', cases: ROWS, reference: (x) => logSumExp(x), result: 'float32' },
  {
    ...{
      op: 'softmaxCrossEntropy',
      note: 'of classes',
      cases: [
        [[7], []],
        [[3, 33], [3]],
        [
          [2, 3, 4],
          [2, 3],
        ],
      ],
    },
    ...{ draws: [uniform(-2, 2), classes(4)], reference: sparseCrossEntropy, result: 'float32' },
  },
  {
    ...{ op: 'softmaxCrossEntropy', note: 'of weights', cases: ROWS.map(([shape]) => [shape!, shape!]) },
    ...{ draws: [uniform(-2, 2), weights], reference: denseCrossEntropy, result: 'float32' },
  },
];
