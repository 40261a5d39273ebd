/** `mean`: over all or some axes, held in f32. */

import { mul } from './mul.ts';
import { reduceOp } from './reduce-op.ts';
import { broadcastTo } from './sum.ts';

/** Mean over `axes` (all by default); `keepDims` keeps them with size 1. Floats only. */
export const mean = reduceOp('mean', 'SUM', 'deny', {
  mean: true,
  gradient: ({ upstream, x, count }) => broadcastTo(mul(upstream, 1 / count), x.shape),
}).reduce;
