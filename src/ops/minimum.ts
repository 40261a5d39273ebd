/** `minimum`: the smaller of a and b, element by element; where they are equal, the gradient goes to a, as in TensorFlow. */
import { binaryOp } from './binary-op.ts';
import { cast } from './cast.ts';
import { greater, lessEqual } from './compare.ts';
import { mul } from './mul.ts';

export const minimum = binaryOp('minimum', 'MINIMUM', 'clear', [
  ({ upstream, a, b }) => mul(upstream, cast(lessEqual(a, b), upstream.dtype)),
  ({ upstream, a, b }) => mul(upstream, cast(greater(a, b), upstream.dtype)),
]);
