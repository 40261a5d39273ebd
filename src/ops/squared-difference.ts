/** `squaredDifference`: (a - b)^2, element by element with broadcasting. */
import { binaryOp } from './binary-op.ts';
import { mul } from './mul.ts';
import { sub } from './sub.ts';

export const squaredDifference = binaryOp('squaredDifference', 'SQUARED_DIFFERENCE', 'unlisted', [
  ({ upstream, a, b }) => mul(upstream, mul(sub(a, b), 2)),
  ({ upstream, a, b }) => mul(upstream, mul(sub(b, a), 2)),
]);
