// Op table: matrix products, with every transposition, bias and activation.
import * as ops from '../../src/ops/index.ts';
import { einsum } from '../reference/einsum.ts';
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
    draws: activation.startsWith('relu') ? steps(-1, 1) : uniform(-1, 1),
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

/** Leading sizes that broadcast: rows folded, one operand for all, both repeated. */
function broadcastRow(transposeA: boolean): Row {
  const matrix = transposeA ? [3, 5] : [5, 3];
  return {
    ...{ op: 'matMul', note: `${transposeA ? 'T' : 'N'}N, broadcast` },
    cases: [
      [
        [2, 4, ...matrix],
        [2, 1, 3, 2],
      ],
      [
        [1, ...matrix],
        [2, 3, 3, 4],
      ],
      [
        [2, 1, ...matrix],
        [3, 3, 2],
      ],
      [
        [2, 1, 2, ...matrix],
        [1, 2, 1, 3, 1],
      ],
      [
        [2, 2, ...matrix],
        [1, 3, 4],
      ],
    ],
    run: (a, b) => ops.matMul(a!, b!, transposeA),
    reference: (a, b) => matMul(a!, b!, { transposeA }),
    terms: () => 3 * 6,
  };
}

/** Each role that labels can have, in any order: [equation, shapes]. */
const EQUATIONS: readonly (readonly [equation: string, shapes: Shapes])[] = [
  ['ij->ji', [[5, 7]]],
  ['ijk->ik', [[3, 4, 5]]],
  ['ij->', [[5, 7]]],
  ['i,i->', [[7], [7]]],
  ['i,j->ij', [[3], [5]]],
  ['i,j->ji', [[3], [5]]],
  [
    'ij,ij->ij',
    [
      [3, 5],
      [3, 5],
    ],
  ],
  ['ij,j->ij', [[3, 5], [5]]],
  [',i->i', [[], [7]]],
  [
    'ij,jk->ik',
    [
      [5, 7],
      [7, 3],
    ],
  ],
  [
    'ij,jk->ki',
    [
      [5, 7],
      [7, 3],
    ],
  ],
  [
    'ji,kj->ik',
    [
      [7, 5],
      [3, 7],
    ],
  ],
  ['ij,j->i', [[5, 7], [7]]],
  [
    'ij,jk->k',
    [
      [5, 7],
      [7, 3],
    ],
  ],
  [
    'bij,bjk->bik',
    [
      [2, 3, 4],
      [2, 4, 5],
    ],
  ],
  [
    'bij,jk->bik',
    [
      [2, 3, 4],
      [4, 5],
    ],
  ],
  [
    'bqhd,bkhd->bhqk',
    [
      [2, 3, 2, 4],
      [2, 5, 2, 4],
    ],
  ],
  [
    'bhqk,bkhd->bqhd',
    [
      [2, 2, 3, 5],
      [2, 5, 2, 4],
    ],
  ],
  [
    'abc,cda->bd',
    [
      [2, 3, 4],
      [4, 5, 2],
    ],
  ],
  [
    'abcd,dcef->abef',
    [
      [2, 1, 3, 4],
      [4, 3, 2, 3],
    ],
  ],
];

export const MATRICES: readonly Row[] = [
  products(false, false),
  products(false, true),
  products(true, false),
  products(true, true),
  ...[broadcastRow(false), broadcastRow(true)],
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
  {
    ...{
      op: 'matMul',
      note: 'broadcast + bias, residual',
      cases: [[[2, 3, 5, 4], [2, 1, 4, 3], [3], [2, 3, 5, 3]]],
    },
    run: (a, b, bias, residual) => ops.matMul(a!, b!, false, false, { bias: bias!, residual: residual! }),
    reference: (a, b, bias, residual) => matMul(a!, b!, { bias, residual }),
    terms: () => 4 * 6,
  },
  ...EQUATIONS.map(
    ([equation, shapes]): Row => ({
      ...{ op: 'einsum', note: equation, cases: [shapes], draws: uniform(-1, 1), terms: () => 16 },
      run: (...operands) => ops.einsum(equation, ...operands),
      reference: (...operands) => einsum(equation, ...operands),
    }),
  ),
  activated('linear'),
  activated('relu'),
  activated('relu6'),
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
