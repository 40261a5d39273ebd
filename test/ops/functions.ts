// Op table: special functions and activations.
import * as ops from '../../src/ops/index.ts';
import { binary, relu, sigmoid, unary } from '../reference/elementwise.ts';
import { elu, erf, gelu, geluTanh, roundEven, selu } from '../reference/functions.ts';
import { steps, uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

const ANY: readonly Shapes[] = [[[]], [[7]], [[33]], [[59, 37]]];
const PAIRS: readonly Shapes[] = [
  [[33], [33]],
  [[7, 5], [5]],
  [[5, 8], []],
];
const wide = uniform(-4, 4);
const whole = { exact: true, constant: true, draws: steps(-3, 3) } as const;

export const FUNCTIONS: readonly Row[] = [
  { op: 'rsqrt', cases: ANY, reference: unary((x) => 1 / Math.sqrt(x)), draws: uniform(0.4, 4) },
  { op: 'erf', cases: ANY, reference: unary(erf), draws: wide },
  { op: 'expm1', cases: ANY, reference: unary(Math.expm1) },
  { op: 'expm1', note: 'near 0', cases: ANY, reference: unary(Math.expm1), draws: uniform(-0.01, 0.01) },
  { op: 'log1p', cases: ANY, reference: unary(Math.log1p), draws: uniform(-0.6, 4) },
  { op: 'log1p', note: 'near 0', cases: ANY, reference: unary(Math.log1p), draws: uniform(-0.01, 0.01) },
  { op: 'sin', cases: ANY, reference: unary(Math.sin) },
  { op: 'cos', cases: ANY, reference: unary(Math.cos) },
  { op: 'floor', cases: ANY, reference: unary(Math.floor), ...whole },
  { op: 'ceil', cases: ANY, reference: unary(Math.ceil), ...whole },
  { op: 'round', cases: ANY, reference: unary(roundEven), ...whole },
  { op: 'silu', cases: ANY, reference: unary((x) => x * sigmoid(x)), draws: wide },
  { op: 'gelu', cases: ANY, reference: unary(gelu), draws: wide },
  {
    ...{ op: 'gelu', note: 'by tanh', cases: ANY, draws: wide },
    ...{ run: (x) => ops.gelu(x!, true), reference: unary(geluTanh) },
  },
  { op: 'softplus', cases: ANY, reference: unary((x) => Math.log1p(Math.exp(x))), draws: wide },
  { op: 'softsign', cases: ANY, reference: unary((x) => x / (1 + Math.abs(x))), draws: steps(-2, 2) },
  { op: 'elu', cases: ANY, reference: unary((x) => elu(x)), draws: steps(-2, 2) },
  {
    ...{ op: 'elu', note: 'with alpha', cases: ANY, draws: uniform(-2, -0.1) },
    ...{ run: (x) => ops.elu(x!, 0.3), reference: unary((x) => elu(x, 0.3)) },
  },
  { op: 'selu', cases: ANY, reference: unary(selu), draws: uniform(0.1, 2) },
  { op: 'selu', note: 'below 0', cases: ANY, reference: unary(selu), draws: uniform(-2, -0.1) },
  {
    ...{ op: 'leakyRelu', cases: ANY, draws: steps(-2, 2) },
    ...{ run: (x) => ops.leakyRelu(x!, 0.25), reference: unary((x) => (x < 0 ? 0.25 * x : x)) },
  },
  {
    op: 'relu6',
    cases: ANY,
    reference: unary((x) => Math.min(relu(x), 6)),
    draws: steps(-8, 8),
    exact: true,
  },
  {
    ...{ op: 'hardSigmoid', cases: ANY, draws: uniform(-2.5, 2.5) },
    reference: unary((x) => Math.min(Math.max(x / 6 + 0.5, 0), 1)),
  },
  {
    ...{ op: 'prelu', cases: PAIRS, draws: [steps(-2, 2), uniform(0.1, 0.5)] },
    reference: binary((x, alpha) => (x < 0 ? alpha * x : x)),
  },
  { op: 'pow', cases: PAIRS, reference: binary(Math.pow), draws: [uniform(0.4, 2), uniform(-2, 2)] },
  {
    ...{ op: 'pow', note: 'of any number, to whole ones', cases: [[[33]], [[7, 5]]], draws: steps(-2, 2) },
    ...{ run: (x) => ops.pow(x!, 3), reference: unary((x) => x ** 3) },
  },
  {
    ...{ op: 'atan2', cases: PAIRS, reference: binary(Math.atan2) },
    draws: [uniform(0.1, 2), uniform(-2, 2)],
  },
  {
    ...{ op: 'atan2', note: 'below the x axis', cases: [[[33], [33]]], reference: binary(Math.atan2) },
    draws: [uniform(-2, -0.1), uniform(-2, 2)],
  },
  { op: 'squaredDifference', cases: PAIRS, reference: binary((a, b) => (a - b) ** 2) },
];
