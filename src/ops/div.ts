/** `div`: a / b, element by element; of integers the whole part, rounded towards 0. */
import type { Tensor } from '../autograd/tensor.ts';
import { binaryOp } from './binary-op.ts';
import type { TensorLike } from './input.ts';
import { mul } from './mul.ts';
import { neg } from './neg.ts';

export const div: (a: TensorLike, b: TensorLike) => Tensor = binaryOp('div', 'DIV', 'infer', [
  ({ upstream, b }) => div(upstream, b),
  ({ upstream, b, y }) => neg(div(mul(upstream, y), b)),
]);
