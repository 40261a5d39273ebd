// Op table: reductions and what works on rows.
import { tidy } from '../../src/autograd/tidy.ts';
import * as ops from '../../src/ops/index.ts';
import { type Plain, sizeOf } from '../reference/array.ts';
import { transpose } from '../reference/movement.ts';
import { argMax, type Fold, maxOf, meanOf, minOf, productOf, reduce, sumOf } from '../reference/reduce.ts';
import {
  denseCrossEntropy,
  logSoftmax,
  logSumExpOf,
  softmax,
  sparseCrossEntropy,
} from '../reference/softmax.ts';
import { type Draw, distinct, integers, steps, uniform, weights } from './draws.ts';
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

/** Zeros at these places. */
const zerosAt = (places: readonly number[]): Draw => ({
  draw: (...given) =>
    uniform(0.5, 1.5)
      .draw(...given)
      .map((value, i) => (places.includes(i) ? 0 : value)),
});

/** A function of rows along axis 0 of two or three. */
function alongFirst(rows: (x: Plain) => Plain, x: Plain): Plain {
  const order = x.shape.map((_, axis) => (axis + 1) % x.shape.length);
  const back = x.shape.map((_, axis) => (axis + x.shape.length - 1) % x.shape.length);
  return transpose(rows(transpose(x, order)), back);
}

/** Mostly true, or mostly false. */
const LOGICAL: readonly Row[] = (
  [
    ['all', ops.all, minOf, 0.1],
    ['any', ops.any, maxOf, 0.9],
  ] as const
).flatMap(([op, run, fold, share]) => {
  const draws: Draw = {
    dtype: 'bool',
    draw: (random, shape) => Array.from({ length: sizeOf(shape) }, () => Number(random() > share)),
  };
  return AXES.filter(({ note }) => note !== 'of columns in parts').map(
    ({ note, shapes, axes, keepDims }): Row => ({
      ...{ op, note, draws, result: 'bool', exact: true, constant: true },
      cases: shapes.slice(0, 4).map((shape): Shapes => [shape]),
      run: (x) => run(x!, axes, keepDims),
      reference: (x) => reduce(fold, x, axes, keepDims),
    }),
  );
});

/** Beside 1, so that squares of products show what their second derivatives are at 0. */
const PRODUCTS_OF_ZEROS = (
  [
    ['no zero, one and two in rows', [5, 9, 10], [3, 4], 1],
    ['three zeros in rows', [0, 1, 6, 7, 12, 13, 14], [3, 5], 1],
    ['one and two zeros in columns', [1, 2, 5], [5, 3], 0],
    ['one zero', [4], [7], undefined],
    ['two zeros, of axes apart', [3, 8, 12], [2, 3, 3], [0, 2]],
  ] as const
).map(
  ([note, places, shape, axes]): Row => ({
    ...{ op: 'prod', note, cases: [[shape]], draws: zerosAt(places) },
    run: (x) => tidy(() => ops.add(ops.prod(x!, axes), 1)),
    reference: (x) => reduce((values) => productOf(values) + 1, x, axes),
  }),
);

/** No two of one magnitude. */
const apart: Draw = {
  draw: (...given) => distinct.draw(...given).map((value) => value + 0.25),
};
const magnitudes = (values: readonly number[]) => values.map(Math.abs);
const NORMS: readonly Row[] = (
  [
    [1, (values) => sumOf(magnitudes(values)), steps(-2, 2)],
    [2, (values) => Math.hypot(...values), uniform(0.5, 2)],
    ['euclidean', (values) => Math.hypot(...values), uniform(0.5, 2)],
    [Number.POSITIVE_INFINITY, (values) => maxOf(magnitudes(values)), apart],
    [Number.NEGATIVE_INFINITY, (values) => minOf(magnitudes(values)), apart],
  ] as const satisfies readonly (readonly [ops.NormOrder, Fold, Draw])[]
).flatMap(([ord, fold, draws]): Row[] => [
  {
    ...{ op: 'norm', note: `${ord}`, draws, cases: [[[7]], [[5, 13]]] },
    run: (x) => ops.norm(x!, ord),
    reference: (x) => reduce(fold, x),
  },
  {
    ...{ op: 'norm', note: `${ord}, of rows, kept`, draws, cases: [[[3, 5]]] },
    run: (x) => ops.norm(x!, ord, -1, true),
    reference: (x) => reduce(fold, x, -1, true),
  },
]);

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
  // Differences of long products say little of their second derivatives.
  ...reductions('prod', ops.prod, productOf, { draws: uniform(0.75, 1.25) }).map((row) => ({
    ...row,
    cases: row.cases.filter(([shape]) => sizeOf(shape!) <= 64 || row.note === 'of rows').slice(0, 3),
  })),
  ...LOGICAL,
  ...PRODUCTS_OF_ZEROS,
  { op: 'softmax', cases: ROWS, reference: softmax },
  {
    ...{ op: 'softmax', note: 'along the first axis', cases: [[[5, 3]], [[4, 2, 7]]] },
    run: (x) => ops.softmax(x!, 0),
    reference: (x) => alongFirst(softmax, x),
  },
  { op: 'logSoftmax', cases: ROWS, reference: logSoftmax },
  {
    ...{ op: 'logSoftmax', note: 'along the first axis', cases: [[[5, 3]]] },
    run: (x) => ops.logSoftmax(x!, 0),
    reference: (x) => alongFirst(logSoftmax, x),
  },
  ...AXES.filter(({ note }) => note !== 'of no axis' && note !== 'of columns in parts').map(
    ({ note, shapes, axes, keepDims }): Row => ({
      ...{ op: 'logSumExp', note, result: 'float32', cases: shapes.map((shape): Shapes => [shape]) },
      run: (x) => ops.logSumExp(x!, axes, keepDims),
      reference: (x) => reduce(logSumExpOf, x, axes, keepDims),
    }),
  ),
  ...NORMS,
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
