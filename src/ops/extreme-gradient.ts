/** The gradient of `max` and `min`: shared in equal parts by all elements that have the extreme value, as in TensorFlow. */
import type { Tensor } from '../autograd/tensor.ts';
import { cast } from './cast.ts';
import { equal } from './compare.ts';
import { div } from './div.ts';
import { mul } from './mul.ts';
import type { ReduceGradient } from './reduce-op.ts';
import { broadcastTo, sumAs } from './sum.ts';

export function extremeGradient({ upstream, x, y }: ReduceGradient): Tensor {
  const hits = cast(equal(x, y), upstream.dtype);
  // Counted in f32: a count beyond 65504 does not fit float16.
  const folded = x.shape.flatMap((size, axis) => (y.shape[axis] === size ? [] : [axis]));
  const count = sumAs(hits, folded, 'float32');
  const share = cast(div(cast(upstream, 'float32'), count), upstream.dtype);
  return mul(hits, broadcastTo(share, x.shape));
}
