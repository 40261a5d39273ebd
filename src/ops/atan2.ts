/** `atan2`: the angle of a point, element by element with broadcasting. */

import type { Tensor } from '../autograd/tensor.ts';
import { requireDType } from '../values/dtype.ts';
import { add } from './add.ts';
import { binaryOp } from './binary-op.ts';
import { div } from './div.ts';
import { type TensorLike, toTensors } from './input.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';
import { square } from './square.ts';

const op: ReturnType<typeof binaryOp> = binaryOp('atan2', 'ATAN2', 'unlisted', [
  ({ upstream, a, b }) => mul(upstream, div(b, add(square(a), square(b)))),
  ({ upstream, a, b }) => neg(mul(upstream, div(a, add(square(a), square(b))))),
]);

/** The angle of the point (x, y) from the x axis, in radians from -pi to pi; 0 of (0, 0), whose gradient is NaN. Throws `DtypeError`. */
export function atan2(y: TensorLike, x: TensorLike): Tensor {
  const [a, b] = toTensors('atan2', y, x);
  requireDType('atan2', 'y', a.dtype, ['float32', 'float16']);
  return op(a, b);
}
