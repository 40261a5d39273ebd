// Op table: layer, root-mean-square, batch and group normalisation.
import { tidy } from '../../src/autograd/tidy.ts';
import * as ops from '../../src/ops/index.ts';
import { binary } from '../reference/elementwise.ts';
import { transpose } from '../reference/movement.ts';
import {
  groupNormalization,
  layerNormalization,
  moments,
  normalised,
  rmsNormalization,
} from '../reference/normalisations.ts';
import { uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

/** A row in one invocation, in several, in a whole workgroup, in more than its registers; whole quads and ragged; many rows. */
const ROWS: Shapes = [[7], [3, 8], [5, 33], [2, 3, 130], [59, 37], [3, 2052], [2, 2051], [130, 4]];
const draws = uniform(-1, 2);
const last = (shape: readonly number[]) => [shape.at(-1)!];

const LAYER: readonly Row[] = [
  {
    ...{ op: 'layerNormalization', note: 'with gamma and beta', draws, terms: (x) => x.shape.at(-1)! },
    cases: ROWS.map((shape) => [shape, last(shape), last(shape)]),
    run: (x, gamma, beta) => ops.layerNormalization(x!, { gamma: gamma!, beta: beta! }),
    reference: (x, gamma, beta) => layerNormalization(x!, -1, 1e-3, gamma, beta),
  },
  {
    ...{ op: 'layerNormalization', note: 'plain', draws, cases: [[[3, 5]], [[1, 1]]] },
    run: (x) => ops.layerNormalization(x!, { epsilon: 1e-2 }),
    reference: (x) => layerNormalization(x!, -1, 1e-2),
    terms: (x) => x.shape.at(-1)!,
  },
  {
    ...{ op: 'layerNormalization', note: 'with gamma', draws, cases: [[[3, 5], [5]]] },
    run: (x, gamma) => ops.layerNormalization(x!, { gamma: gamma! }),
    reference: (x, gamma) => layerNormalization(x!, -1, 1e-3, gamma),
    terms: (x) => x.shape.at(-1)!,
  },
  {
    ...{ op: 'layerNormalization', note: 'with beta', draws, cases: [[[3, 5], [5]]] },
    run: (x, beta) => ops.layerNormalization(x!, { beta: beta! }),
    reference: (x, beta) => layerNormalization(x!, -1, 1e-3, undefined, beta),
    terms: (x) => x.shape.at(-1)!,
  },
  {
    ...{ op: 'layerNormalization', note: 'over several axes', draws },
    cases: [
      [
        [2, 3, 5],
        [3, 5],
        [3, 5],
      ],
      [
        [3, 4, 6],
        [4, 6],
        [4, 6],
      ],
    ],
    run: (x, gamma, beta) => ops.layerNormalization(x!, { gamma: gamma!, beta: beta!, axes: [1, 2] }),
    reference: (x, gamma, beta) => layerNormalization(x!, [1, 2], 1e-3, gamma, beta),
    terms: () => 24,
  },
  {
    ...{
      op: 'layerNormalization',
      note: 'over axes in front',
      draws,
      cases: [[[7, 3, 2], [7]]],
      terms: () => 7,
    },
    run: (x, gamma) => ops.layerNormalization(x!, { gamma: gamma!, axes: 0 }),
    reference: (x, gamma) => layerNormalization(x!, 0, 1e-3, { shape: [7, 1, 1], data: gamma!.data }),
  },
  {
    ...{ op: 'rmsNormalization', note: 'with a scale', draws, terms: (x) => x.shape.at(-1)! },
    cases: ROWS.map((shape) => [shape, last(shape)]),
    run: (x, scale) => ops.rmsNormalization(x!, { scale: scale! }),
    reference: (x, scale) => rmsNormalization(x!, -1, 1e-6, scale),
  },
  {
    ...{ op: 'rmsNormalization', note: 'over an axis between', draws, cases: [[[3, 5, 2]]], terms: () => 5 },
    run: (x) => ops.rmsNormalization(x!, { epsilon: 1e-2, axes: 1 }),
    reference: (x) => rmsNormalization(x!, 1, 1e-2),
  },
];

/** One row, parts of rows, whole quads and ragged. */
const IMAGES: Shapes = [
  [1, 3],
  [7, 8],
  [59, 37],
  [2, 5, 3, 4],
  [130, 6],
];
const others = (shape: readonly number[]) => shape.slice(0, -1).map((_, axis) => axis);
const rowsOf = (x: { shape: readonly number[] }) => x.shape.slice(0, -1).reduce((a, b) => a * b, 1);
const positive = uniform(0.5, 2);

const BATCH: readonly Row[] = [
  {
    ...{ op: 'batchNormalization', note: 'with gamma and beta', draws, terms: rowsOf },
    cases: IMAGES.map((shape) => [shape, last(shape), last(shape)]),
    run: (x, gamma, beta) => ops.batchNormalization(x!, { gamma: gamma!, beta: beta! }),
    reference: (x, gamma, beta) => normalised(x!, moments(x!, others(x!.shape)), 1e-3, gamma, beta),
  },
  {
    ...{
      op: 'batchNormalization',
      note: 'plain, channels first',
      draws,
      cases: [[[4, 3, 5]]],
      terms: () => 20,
    },
    run: (x) => ops.batchNormalization(x!, { axis: 1, epsilon: 1e-2 }),
    reference: (x) => {
      const moved = transpose(x!, [0, 2, 1]);
      return transpose(normalised(moved, moments(moved, [0, 1]), 1e-2), [0, 2, 1]);
    },
  },
  {
    ...{
      op: 'batchNormalization',
      note: 'by given statistics',
      draws: [draws, draws, positive, draws, draws],
    },
    cases: [
      [7, 8],
      [59, 37],
      [2, 5, 3, 4],
    ].map((shape) => [shape, ...Array(4).fill(last(shape))]),
    run: (x, mean, variance, gamma, beta) =>
      ops.batchNormalization(x!, { mean: mean!, variance: variance!, gamma: gamma!, beta: beta! }),
    reference: (x, mean, variance, gamma, beta) =>
      normalised(x!, { mean: mean!, variance: variance! }, 1e-3, gamma, beta),
    terms: rowsOf,
  },
  {
    ...{
      op: 'groupNormalization',
      note: 'with gamma and beta',
      draws,
      terms: (x) => x.data.length / x.shape[0]!,
    },
    cases: [
      [2, 7, 6],
      [3, 5, 4, 9],
      [1, 40, 12],
      [2, 3],
    ].map((shape) => [shape, last(shape), last(shape)]),
    run: (x, gamma, beta) => ops.groupNormalization(x!, { groups: 3, gamma: gamma!, beta: beta! }),
    reference: (x, gamma, beta) => groupNormalization(x!, 3, 1e-3, gamma, beta),
  },
  {
    ...{ op: 'groupNormalization', note: 'by channel', draws, cases: [[[2, 7, 5]]], terms: () => 7 },
    run: (x) => ops.groupNormalization(x!, { groups: -1 }),
    reference: (x) => groupNormalization(x!, 5, 1e-3),
  },
];

/** Mean plus twice the variance, to see both at once. */
const both = binary((mean, variance) => mean + 2 * variance);
const MOMENTS: readonly Row[] = (
  [
    ['of all', undefined, true, [[7], [5, 33]]],
    [
      'of rows',
      -1,
      false,
      [
        [5, 3],
        [2, 3, 70],
      ],
    ],
    ['of axes apart', [0, 2], false, [[3, 5, 7]]],
    ['of axes apart, kept', [0, 2], true, [[3, 5, 7]]],
  ] as const
).map(([note, axes, keepDims, shapes]) => ({
  ...{ op: 'moments', note, draws, cases: shapes.map((shape) => [[...shape]]) },
  run: (x) =>
    tidy(() => {
      const { mean, variance } = ops.moments(x!, axes as number | undefined, keepDims);
      return ops.add(mean, ops.mul(variance, 2));
    }),
  reference: (x) => {
    const { mean, variance } = moments(x!, (axes as number | undefined) ?? others([...x!.shape, 1]));
    const sum = both(mean, variance);
    if (keepDims) return sum;
    const along = [axes ?? []].flat().map((axis) => (axis < 0 ? axis + x!.shape.length : axis));
    return { ...sum, shape: sum.shape.filter((_, axis) => !along.includes(axis)) };
  },
}));

export const NORMALISATIONS: readonly Row[] = [...LAYER, ...BATCH, ...MOMENTS];
