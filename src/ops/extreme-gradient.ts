/** The gradient of `max` and `min`: shared in equal parts by all elements that have the extreme value, as in TensorFlow. */
import type { Tensor } from '../autograd/tensor.ts';
import { cast } from './cast.ts';
import { equal } from './compare.ts';
import { div } from './div.ts';
import { mul } from './mul.ts';
import type { ReduceGradient } from './reduce-op.ts';
import { broadcastTo, sumTo } from './sum.ts';

export function extremeGradient({ upstream, x, y }: ReduceGradient): Tensor {
  const hits = cast(equal(x, y), upstream.dtype);
  return mul(hits, broadcastTo(div(upstream, sumTo(hits, upstream)), x.shape));
}
