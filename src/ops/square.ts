/** `square`: x^2; a product like `mul`, though TensorFlow lists it nowhere and so leaves it in float32. */
import { mul } from './mul.ts';
import { unaryOp } from './unary-op.ts';

export const square = unaryOp('square', 'square', 'unlisted', {
  gradient: (upstream, _y, x) => mul(upstream, mul(x, 2)),
});
