/** `reciprocal`: 1 / x; its gradient is -upstream y^2. */
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { unaryOp } from './unary-op.ts';

export const reciprocal = unaryOp('reciprocal', 'reciprocal', 'infer', {
  gradient: (upstream, y) => neg(mul(upstream, mul(y, y))),
});
