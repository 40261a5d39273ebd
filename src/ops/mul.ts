/** `mul`: a b, element by element. */
import type { Tensor } from '../autograd/tensor.ts';
import { binaryOp } from './binary-op.ts';
import type { TensorLike } from './input.ts';

export const mul: (a: TensorLike, b: TensorLike) => Tensor = binaryOp('mul', 'MUL', 'infer', [
  ({ upstream, b }) => mul(upstream, b),
  ({ upstream, a }) => mul(upstream, a),
]);
