/** `pow`: a to the power b, element by element with broadcasting. */
import { binaryOp } from './binary-op.ts';
import { mul } from './mul.ts';
import { sub } from './sub.ts';

// p log q where q > 0, else 0.
const timesLog = binaryOp('timesLog', 'TIMES_LOG', 'unlisted', [
  ({ upstream, b }) => timesLog(upstream, b),
  ({ upstream, a, b }) => mul(mul(upstream, a), pow(b, -1)),
]);

/** A negative a takes whole exponents alone, else the result is NaN; by b the gradient is 0 where a is not above 0. */
export const pow: ReturnType<typeof binaryOp> = binaryOp('pow', 'POW', 'deny', [
  ({ upstream, a, b }) => mul(upstream, mul(b, pow(a, sub(b, 1)))),
  ({ upstream, a, y }) => timesLog(mul(upstream, y), a),
]);
