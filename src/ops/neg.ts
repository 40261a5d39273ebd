/** `neg`: -x. */
import type { Tensor } from '../autograd/tensor.ts';
import type { TensorLike } from './input.ts';
import { unaryOp } from './unary-op.ts';

export const neg: (x: TensorLike) => Tensor = unaryOp('neg', 'neg', 'clear', {
  gradient: (upstream) => neg(upstream),
});
