// Op table: ops that work element by element.
import { tidy } from '../../src/autograd/tidy.ts';
import * as ops from '../../src/ops/index.ts';
import { binary, relu, sigmoid, unary } from '../reference/elementwise.ts';
import { integers, steps, uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

const ANY: readonly Shapes[] = [[[]], [[1]], [[7]], [[33]], [[130]], [[59, 37]]];

/** Both operands alike, a scalar, rows by quads and by elements, columns, both repeated, leading axes, rank 6. */
const PAIRS: readonly Shapes[] = [
  [[], []],
  [[130], [130]],
  [
    [59, 37],
    [59, 37],
  ],
  [[33], []],
  [[1], [7]],
  [[5, 8], [8]],
  [[59, 37], [37]],
  [[7], [3, 1]],
  [
    [6, 1],
    [1, 4],
  ],
  [
    [2, 1, 3, 1],
    [4, 1, 5],
  ],
  [
    [2, 1, 2, 1, 2, 1],
    [1, 3, 1, 2, 1, 3],
  ],
];
const FEW_PAIRS: readonly Shapes[] = [
  [[33], [33]],
  [[7, 5], [5]],
];

const WHOLE = ['int32', 'uint32'] as const;
const ANY_WHOLE = ['int32', 'uint32', 'bool'] as const;
const whole = (f: (a: number, b: number) => boolean) => binary((a, b) => (f(a, b) ? 1 : 0));
const comparison = {
  ...({ cases: FEW_PAIRS, result: 'bool', exact: true, constant: true, also: ANY_WHOLE } as const),
  draws: integers(-2, 2),
};
const clamped = (x: number) => Math.min(Math.max(x, -0.5), 1);

export const ELEMENTWISE: readonly Row[] = [
  { op: 'neg', cases: ANY, reference: unary((x) => -x), exact: true },
  { op: 'abs', cases: ANY, reference: unary(Math.abs), exact: true, draws: steps(-2, 2) },
  { op: 'sign', cases: ANY, reference: unary(Math.sign), exact: true, draws: steps(-2, 2) },
  { op: 'exp', cases: ANY, reference: unary(Math.exp) },
  { op: 'log', cases: ANY, reference: unary(Math.log), draws: uniform(0.2, 4) },
  { op: 'sqrt', cases: ANY, reference: unary(Math.sqrt), draws: uniform(0.2, 4) },
  { op: 'square', cases: ANY, reference: unary((x) => x * x) },
  { op: 'reciprocal', cases: ANY, reference: unary((x) => 1 / x), draws: uniform(0.4, 4) },
  { op: 'relu', cases: ANY, reference: unary(relu), exact: true, draws: steps(-2, 2) },
  { op: 'sigmoid', cases: ANY, reference: unary(sigmoid), draws: uniform(-6, 6) },
  { op: 'tanh', cases: ANY, reference: unary(Math.tanh), draws: uniform(-4, 4) },
  {
    op: 'clipByValue',
    cases: ANY,
    run: (x) => ops.clipByValue(x!, -0.5, 1),
    reference: unary(clamped),
    exact: true,
    draws: steps(-2, 2),
  },

  { op: 'add', cases: PAIRS, reference: binary((a, b) => a + b), also: WHOLE },
  { op: 'sub', cases: PAIRS, reference: binary((a, b) => a - b), also: ['int32'] },
  { op: 'mul', cases: PAIRS, reference: binary((a, b) => a * b), also: WHOLE },
  {
    op: 'div',
    cases: PAIRS,
    reference: binary((a, b) => a / b),
    draws: [uniform(-2, 2), uniform(0.4, 2)],
    also: ['uint32'],
    wholeReference: binary((a, b) => Math.trunc(a / b)),
  },
  { op: 'maximum', cases: PAIRS, reference: binary(Math.max), exact: true, draws: steps(-2, 2), also: WHOLE },
  { op: 'minimum', cases: PAIRS, reference: binary(Math.min), exact: true, draws: steps(-2, 2), also: WHOLE },
  { op: 'equal', ...comparison, reference: whole((a, b) => a === b) },
  { op: 'notEqual', ...comparison, reference: whole((a, b) => a !== b) },
  { op: 'less', ...comparison, reference: whole((a, b) => a < b) },
  { op: 'lessEqual', ...comparison, reference: whole((a, b) => a <= b) },
  { op: 'greater', ...comparison, reference: whole((a, b) => a > b) },
  { op: 'greaterEqual', ...comparison, reference: whole((a, b) => a >= b) },
  {
    op: 'mod',
    cases: FEW_PAIRS,
    reference: binary((a, b) => a - b * Math.floor(a / b)),
    // Away from the steps, where differences say nothing.
    draws: [uniform(0.2, 0.8), integers(-3, -1)],
    also: ['uint32'],
  },
  {
    op: 'floorDiv',
    cases: FEW_PAIRS,
    reference: binary((a, b) => Math.floor(a / b)),
    draws: [uniform(-4, 4), integers(1, 3)],
    ...({ exact: true, constant: true, also: ['uint32'] } as const),
  },
  {
    op: 'divNoNan',
    cases: FEW_PAIRS,
    reference: binary((a, b) => (b === 0 ? 0 : a / b)),
    draws: [uniform(-2, 2), uniform(0.4, 2)],
  },
  {
    op: 'divNoNan',
    note: 'by zeros',
    cases: FEW_PAIRS,
    run: (a, b) => tidy(() => ops.divNoNan(a!, ops.mul(b!, 0))),
    reference: binary(() => 0),
    ...({ exact: true, constant: true } as const),
  },
  {
    op: 'addN',
    cases: [
      [
        [7, 5],
        [7, 5],
        [7, 5],
      ],
      [[1]],
    ],
    run: (...xs) => ops.addN(xs),
    reference: (x, ...rest) => ({
      shape: x!.shape,
      data: x!.data.map((value, i) => rest.reduce((sum, { data }) => sum + data[i]!, value)),
    }),
    terms: (...xs) => xs.length,
  },
  {
    op: 'logSigmoid',
    cases: ANY,
    reference: unary((x) => -Math.log1p(Math.exp(-x))),
    draws: uniform(-4, 4),
  },
];
