// Op table: matrix products, with every transposition, bias and activation.
import * as ops from '../../src/ops/index.ts';
import { type ACTIVATIONS, matMul } from '../reference/matmul.ts';
import { steps, uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

/** m, k, n: single elements, whole quads, ragged, more than a tile. */
const SIZES = [
  [1, 1, 1],
  [7, 5, 3],
  [8, 16, 12],
  [1, 33, 7],
  [59, 37, 45],
  [33, 130, 9],
] as const;

function products(transposeA: boolean, transposeB: boolean): Row {
  const cases = SIZES.map(
    ([m, k, n]): Shapes => [transposeA ? [k, m] : [m, k], transposeB ? [n, k] : [k, n]],
  );
  return {
    ...{ op: 'matMul', note: `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}`, cases },
    run: (a, b) => ops.matMul(a!, b!, transposeA, transposeB),
    reference: (a, b) => matMul(a!, b!, { transposeA, transposeB }),
    terms: (a) => a.shape[transposeA ? 0 : 1]!,
  };
}

function activated(activation: keyof typeof ACTIVATIONS): Row {
  const cases = [
    [7, 5, 3],
    [9, 6, 12],
  ].map(([m, k, n]): Shapes => [[m!, k!], [k!, n!], [n!]]);
  return {
    ...{ op: 'matMul', note: `+ bias, ${activation}`, cases },
    run: (a, b, bias) => ops.matMul(a!, b!, false, false, { bias: bias!, activation }),
    reference: (a, b, bias) => matMul(a!, b!, { bias, activation }),
    draws: activation === 'relu' ? steps(-1, 1) : uniform(-1, 1),
    terms: (a) => a.shape[1]!,
  };
}

/** Batches, one operand for the whole batch, and a residual. */
function batched(transposeA: boolean, transposeB: boolean): Row {
  const [a, b]: Shapes = [transposeA ? [5, 7] : [7, 5], transposeB ? [3, 5] : [5, 3]];
  return {
    ...{ op: 'matMul', note: `${transposeA ? 'T' : 'N'}${transposeB ? 'T' : 'N'}, batched` },
    cases: [
      [
        [4, ...a!],
        [4, ...b!],
      ],
      [a!, [2, ...b!]],
      [[3, ...a!], b!],
    ],
    run: (x, y) => ops.matMul(x!, y!, transposeA, transposeB),
    reference: (x, y) => matMul(x!, y!, { transposeA, transposeB }),
    terms: () => 5 * 4,
  };
}

export const MATRICES: readonly Row[] = [
  products(false, false),
  products(false, true),
  products(true, false),
  products(true, true),
  ...[batched(false, false), batched(false, true), batched(true, false)],
  {
    ...{ op: 'matMul', note: '+ residual, tanh' },
    cases: [
      [
        [7, 5],
        [5, 3],
        [7, 3],
      ],
      [
        [2, 3, 4],
        [4, 8],
        [2, 3, 8],
      ],
    ],
    run: (a, b, residual) => ops.matMul(a!, b!, false, false, { residual: residual!, activation: 'tanh' }),
    reference: (a, b, residual) => matMul(a!, b!, { residual, activation: 'tanh' }),
    terms: () => 5,
  },
  activated('linear'),
  activated('relu'),
  activated('sigmoid'),
  activated('tanh'),
  {
    ...{
      op: 'matMul',
      note: 'into float32',
      cases: [
        [
          [7, 5],
          [5, 3],
        ],
        [
          [9, 6],
          [6, 12],
        ],
      ],
    },
    run: (a, b) => ops.matMul(a!, b!, false, false, { dtype: 'float32' }),
    reference: (a, b) => matMul(a, b),
    result: 'float32',
    terms: (a) => a.shape[1]!,
  },
];
