/** `prod`: the product over all or some axes, held in f32. */
import { cast } from './cast.ts';
import { equal } from './compare.ts';
import { div } from './div.ts';
import { mul } from './mul.ts';
import { reduceOp } from './reduce-op.ts';
import { sum } from './sum.ts';
import { where } from './where.ts';

/** Product over `axes` (all by default); `keepDims` keeps them with size 1. */
export const prod = reduceOp('prod', 'PROD', 'deny', {
  // By an element: the product of the others, of which a zero among them makes 0.
  gradient: ({ upstream, x, y }) => {
    const folded = x.shape.flatMap((size, axis) => (y.shape[axis] === size ? [] : [axis]));
    const isZero = equal(x, 0);
    const filled = where(isZero, 1, cast(x, 'float32'));
    const zeros = sum(cast(isZero, 'float32'), folded, true);
    const others = div(folded.length > 0 ? prod(filled, folded, true) : filled, filled);
    // No zero but the element itself.
    const counted = where(equal(zeros, cast(isZero, 'float32')), others, 0);
    return cast(mul(cast(upstream, 'float32'), counted), upstream.dtype);
  },
}).reduce;
