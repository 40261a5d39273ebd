// Layer table: attention of several heads.

import { uniform } from '../ops/draws.ts';
import type { Plain } from '../reference/array.ts';
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
];
