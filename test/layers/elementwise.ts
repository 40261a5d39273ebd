// Layer table: functions of elements and of rows, dense.
import { steps, uniform } from '../ops/draws.ts';
import { at, build, type Plain } from '../reference/array.ts';
import { binary, sigmoid, unary } from '../reference/elementwise.ts';
import { elu, gelu, selu } from '../reference/functions.ts';
import { transpose } from '../reference/movement.ts';
import { softmax } from '../reference/softmax.ts';
import { type LayerRow, rows } from './row.ts';

const image = [[2, 5, 4, 3]] as const;

const softplus = (x: number) => Math.log1p(Math.exp(x));
const ACTIVATIONS: Record<string, (x: number) => number> = {
  elu: (x) => elu(x),
  selu,
  softplus,
  softsign: (x) => x / (1 + Math.abs(x)),
  relu6: (x) => Math.min(Math.max(x, 0), 6),
  leaky_relu: (x) => (x < 0 ? 0.2 * x : x),
  silu: (x) => x * sigmoid(x),
  swish: (x) => x * sigmoid(x),
  gelu,
  hard_sigmoid: (x) => Math.min(Math.max(x / 6 + 0.5, 0), 1),
  hardSilu: (x) => x * Math.min(Math.max(x / 6 + 0.5, 0), 1),
  hardShrink: (x) => (Math.abs(x) > 0.5 ? x : 0),
  hardTanh: (x) => Math.min(Math.max(x, -1), 1),
  exponential: Math.exp,
  logSigmoid: (x) => -softplus(-x),
  mish: (x) => x * Math.tanh(softplus(x)),
  softShrink: (x) => x - Math.min(Math.max(x, -0.5), 0.5),
  tanhShrink: (x) => x - Math.tanh(x),
};

/** Softmax along axis 1 of three. */
const softmaxOfSteps = (x: Plain) => transpose(softmax(transpose(x, [0, 2, 1])), [0, 2, 1]);
const dense = (x: Plain, kernel: Plain, bias: Plain) =>
  build([...x.shape.slice(0, -1), bias.shape[0]!], (index) => {
    const unit = index.at(-1)!;
    return kernel.data.reduce((sum, _, place) => {
      const [row, column] = [Math.floor(place / bias.shape[0]!), place % bias.shape[0]!];
      return column === unit ? sum + at(x, [...index.slice(0, -1), row]) * kernel.data[place]! : sum;
    }, bias.data[unit]!);
  });

export const ELEMENTWISE: readonly LayerRow[] = [
  ...rows(
    'reLU',
    {},
    unary((x) => Math.max(x, 0)),
    [[3, 7]],
  ),
  ...rows(
    'reLU',
    { maxValue: 1, negativeSlope: 0.25 },
    unary((x) => Math.min(x < 0 ? 0.25 * x : x, 1)),
    [[3, 7]],
  ),
  ...rows(
    'reLU',
    { maxValue: 1.5, negativeSlope: 0.5, threshold: 0.75 },
    unary((x) => (x >= 1.5 ? 1.5 : x >= 0.75 ? x : 0.5 * (x - 0.75))),
    [[3, 7]],
  ),
  ...rows(
    'reLU',
    { threshold: 0.75 },
    unary((x) => (x >= 0.75 ? x : 0)),
    [[5, 33]],
  ),
  ...rows(
    'leakyReLU',
    {},
    unary((x) => (x < 0 ? 0.3 * x : x)),
    [[3, 7]],
  ),
  ...rows(
    'leakyReLU',
    { negativeSlope: 0.125 },
    unary((x) => (x < 0 ? 0.125 * x : x)),
    [[3, 7]],
  ),
  ...rows(
    'elu',
    {},
    unary((x) => elu(x)),
    [[3, 7]],
  ),
  ...rows(
    'elu',
    { alpha: 0.5 },
    unary((x) => elu(x, 0.5)),
    [[3, 7]],
  ),
  ...rows(
    'prelu',
    {},
    binary((x, alpha) => (x < 0 ? alpha * x : x)),
    [
      [3, 7],
      [2, 3, 5],
    ],
  ),
  ...rows(
    'prelu',
    { sharedAxes: [1, 2] },
    binary((x, alpha) => (x < 0 ? alpha * x : x)),
    image,
  ),
  ...rows('softmax', {}, (x) => softmax(x!), [
    [3, 7],
    [2, 3, 5],
  ]),
  ...rows('softmax', { axis: 1 }, (x) => softmaxOfSteps(x!), [[2, 3, 5]]),
  ...rows(
    'rescaling',
    { scale: 0.25 },
    unary((x) => x / 4),
    [[3, 7]],
  ),
  ...rows(
    'rescaling',
    { scale: 2, offset: -1 },
    unary((x) => 2 * x - 1),
    image,
  ),
  ...rows('masking', { maskValue: 2 }, (x) => x!, [[2, 3, 5]]),
  {
    layer: 'dense',
    options: { units: 4 },
    inputs: [[2, 3, 5]],
    reference: (x, kernel, bias) => dense(x!, kernel!, bias!),
    terms: 5,
  },
  ...Object.entries(ACTIVATIONS).map(
    ([activation, fn]): LayerRow => ({
      ...{ layer: 'activation', options: { activation }, inputs: [[3, 7]], reference: unary(fn) },
      draws: activation === 'selu' ? uniform(0.1, 2) : steps(-2, 2),
    }),
  ),
  {
    layer: 'activation',
    options: { activation: 'log_softmax' },
    inputs: [[3, 7]],
    reference: (x) => unary(Math.log)(softmax(x!)),
  },
];
