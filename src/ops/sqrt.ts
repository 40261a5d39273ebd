/** `sqrt`: the square root; its gradient is upstream / (2 y). */
import { div } from './div.ts';
import { mul } from './mul.ts';
import { unaryOp } from './unary-op.ts';

export const sqrt = unaryOp('sqrt', 'sqrt', 'infer', {
  gradient: (upstream, y) => div(mul(upstream, 0.5), y),
});
