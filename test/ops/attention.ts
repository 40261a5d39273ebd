// Op table: attention, plain and causal, with masks, one head and several, keys and values of other sizes.

import { tidy } from '../../src/autograd/tidy.ts';
import * as ops from '../../src/ops/index.ts';
import { type AttentionMask, attention } from '../reference/attention.ts';
import { uniform } from './draws.ts';
import type { Row, Shapes } from './row.ts';

/** Query, key, value. */
const CASES: readonly Shapes[] = [
  [
    [1, 4],
    [1, 4],
    [1, 3],
  ],
  [
    [5, 4],
    [7, 4],
    [7, 3],
  ],
  [
    [2, 3, 9, 8],
    [2, 3, 6, 8],
    [2, 3, 6, 8],
  ],
  [
    [2, 33, 7],
    [2, 33, 7],
    [2, 33, 5],
  ],
];
const base = {
  ...{ op: 'scaledDotProductAttention', draws: uniform(-1, 1), cases: CASES },
  terms: (_: unknown, key: { shape: readonly number[] }) => key.shape.at(-2)!,
} as const;
/** Every third pair is hidden; each query sees something. */
const sparse: AttentionMask = (i, j) => (i + 2 * j) % 3 !== 0 || j === 0;

/** By the kernel that stores no scores, and by other ops. */
const PATHS = [
  { flashAttention: true, path: '' },
  { flashAttention: false, path: ', composed' },
] as const;

export const ATTENTION: readonly Row[] = PATHS.flatMap(({ flashAttention, path }): Row[] => [
  {
    ...base,
    note: `plain${path}`,
    run: (q, k, v) => ops.scaledDotProductAttention(q!, k!, v!, { flashAttention }),
    reference: (q, k, v) => attention(q!, k!, v!),
  },
  {
    ...base,
    note: `causal, with a scale${path}`,
    run: (q, k, v) =>
      ops.scaledDotProductAttention(q!, k!, v!, { isCausal: true, scale: 0.25, flashAttention }),
    reference: (q, k, v) => attention(q!, k!, v!, (i, j) => i >= j, 0.25),
  },
  {
    ...base,
    note: `with a mask${path}`,
    run: (q, k, v) =>
      tidy(() => {
        const [queries, keys] = [q!.shape.at(-2)!, k!.shape.at(-2)!];
        const mask = Array.from({ length: queries * keys }, (_, at) =>
          sparse(Math.floor(at / keys), at % keys),
        );
        const { engine } = q!;
        const own = ops.tensor(mask.map(Number), { shape: [queries, keys], dtype: 'bool', engine });
        return ops.scaledDotProductAttention(q!, k!, v!, { mask: own, flashAttention });
      }),
    reference: (q, k, v) => attention(q!, k!, v!, sparse),
  },
]);
