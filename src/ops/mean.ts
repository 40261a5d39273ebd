/** `mean`: over all or some axes, held in f32. */

import { cast } from './cast.ts';
import { mul } from './mul.ts';
import { reduceOp } from './reduce-op.ts';
import { broadcastTo } from './sum.ts';

/** Mean over `axes` (all by default); `keepDims` keeps them with size 1. Floats only. */
export const mean = reduceOp('mean', 'SUM', 'deny', {
  mean: true,
  // The share in f32: in float16 1 / count is coarse, and 0 for a large count.
  gradient: ({ upstream, x, count }) => {
    const share = mul(cast(upstream, 'float32'), 1 / count);
    return broadcastTo(cast(share, upstream.dtype), x.shape);
  },
}).reduce;
