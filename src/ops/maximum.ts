/** `maximum`: the larger of a and b, element by element; where they are equal, the gradient goes to a, as in TensorFlow. */
import { binaryOp } from './binary-op.ts';
import { cast } from './cast.ts';
import { greaterEqual, less } from './compare.ts';
import { mul } from './mul.ts';

export const maximum = binaryOp('maximum', 'MAXIMUM', 'clear', [
  ({ upstream, a, b }) => mul(upstream, cast(greaterEqual(a, b), upstream.dtype)),
  ({ upstream, a, b }) => mul(upstream, cast(less(a, b), upstream.dtype)),
]);
