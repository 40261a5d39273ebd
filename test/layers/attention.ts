// Layer table: attention of several heads.

import { uniform } from '../ops/draws.ts';
import { at, build, type Plain } from '../reference/array.ts';
import { attention } from '../reference/attention.ts';
import { matMul } from '../reference/matmul.ts';
import { reshape, transpose } from '../reference/movement.ts';
import type { LayerRow } from './row.ts';

/** (n, steps, channels) by a kernel (channels, heads, size) and a bias (heads, size): (n, heads, steps, size). */
function heads(x: Plain, kernel: Plain, bias: Plain | undefined): Plain {
  const [n, steps, channels] = x.shape as [number, number, number];
  const [, count, size] = kernel.shape as [number, number, number];
  const rows = matMul(reshape(x, [n * steps, channels]), reshape(kernel, [channels, count * size]), {
    bias: bias && reshape(bias, [count * size]),
  });
  return transpose(reshape(rows, [n, steps, count, size]), [0, 2, 1, 3]);
}

/** Weights in Keras's order: query, key, value, output. */
function reference(
  query: Plain,
  value: Plain,
  key: Plain,
  weights: readonly Plain[],
  biased: boolean,
): Plain {
  const step = biased ? 2 : 1;
  const of = (i: number) => [weights[i * step]!, biased ? weights[i * step + 1] : undefined] as const;
  const attended = attention(heads(query, ...of(0)), heads(key, ...of(1)), heads(value, ...of(2)));
  const [n, count, steps, size] = attended.shape as [number, number, number, number];
  const [kernel, bias] = of(3);
  const channels = kernel.shape[2]!;
  const joined = reshape(transpose(attended, [0, 2, 1, 3]), [n * steps, count * size]);
  return reshape(matMul(joined, reshape(kernel, [count * size, channels]), { bias }), [n, steps, channels]);
}

const draws = uniform(-0.5, 0.5);

export const ATTENTION_LAYERS: readonly LayerRow[] = [
  {
    ...{ layer: 'multiHeadAttention', options: { numHeads: 2, keyDim: 3 }, draws, terms: 30 },
    inputs: [
      [2, 5, 6],
      [2, 4, 7],
    ],
    reference: (query, value, ...weights) => reference(query!, value!, value!, weights, true),
  },
  {
    layer: 'multiHeadAttention',
    options: { numHeads: 3, keyDim: 4, valueDim: 2, useBias: false, outputDim: 5 },
    ...{ draws, terms: 30 },
    inputs: [
      [1, 3, 4],
      [1, 7, 4],
      [1, 7, 2],
    ],
    reference: (query, value, key, ...weights) => reference(query!, value!, key!, weights, false),
  },
  ...(['dot', 'concat'] as const).map(
    (scoreMode): LayerRow => ({
      ...{ layer: 'attention', options: { useScale: true, scoreMode }, draws, terms: 6 },
      inputs: [
        [2, 5, 6],
        [2, 4, 7],
        [2, 4, 6],
      ],
      reference: (query, value, key, scale, factor) => {
        const by = scale!.data[0]!;
        if (scoreMode === 'dot') return attention(query!, key!, value!, undefined, by);
        return additive(times(query!, by), times(key!, by), value!, () => factor!.data[0]!);
      },
    }),
  ),
  {
    ...{ layer: 'attention', draws, terms: 6 },
    inputs: [
      [2, 3, 6],
      [2, 4, 6],
    ],
    reference: (query, value) => attention(query!, value!, value!, undefined, 1),
  },
  {
    ...{ layer: 'additiveAttention', draws, terms: 6 },
    inputs: [
      [2, 5, 6],
      [2, 4, 6],
    ],
    reference: (query, value, scale) => additive(query!, value!, value!, (column) => scale!.data[column]!),
  },
];

const times = (x: Plain, factor: number): Plain => ({ ...x, data: x.data.map((value) => value * factor) });

/** Scores are sums of tanh(query + key) times a factor for each column. */
function additive(query: Plain, key: Plain, value: Plain, factor: (column: number) => number): Plain {
  const [n, queries, size] = query.shape as [number, number, number];
  const steps = key.shape[1]!;
  const each = (count: number) => Array.from({ length: count }, (_, i) => i);
  const weights = build([n, queries, steps], ([b, i, j]) =>
    Math.exp(
      each(size).reduce(
        (sum, c) => sum + factor(c) * Math.tanh(at(query, [b!, i!, c]) + at(key, [b!, j!, c])),
        0,
      ),
    ),
  );
  return build([n, queries, value.shape[2]!], ([b, i, column]) => {
    const own = each(steps).map((j) => at(weights, [b!, i!, j]));
    const total = own.reduce((a, c) => a + c);
    return own.reduce((sum, weight, j) => sum + weight * at(value, [b!, j, column!]), 0) / total;
  });
}
