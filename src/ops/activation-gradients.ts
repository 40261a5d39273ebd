/** Gradients of activations, each fused into one pass over the upstream gradient and the activation's output y; ops themselves. */
import type { Tensor } from '../autograd/tensor.ts';
import type { Activation } from '../kernels/gemm/problem.ts';
import { binaryOp } from './binary-op.ts';
import type { TensorLike } from './input.ts';
import { mul } from './mul.ts';
import { sub } from './sub.ts';

type Gradient = (upstream: TensorLike, y: TensorLike) => Tensor;

/** `upstream` where y > 0, else 0. */
export const reluGradient: Gradient = binaryOp('reluGradient', 'RELU_GRADIENT', 'clear', [
  ({ upstream, b }) => reluGradient(upstream, b),
  null,
]);

/** `upstream` where 0 < y < 6, else 0. */
export const relu6Gradient: Gradient = binaryOp('relu6Gradient', 'RELU6_GRADIENT', 'clear', [
  ({ upstream, b }) => relu6Gradient(upstream, b),
  null,
]);

/** `upstream y (1 - y)`. */
export const sigmoidGradient: Gradient = binaryOp('sigmoidGradient', 'SIGMOID_GRADIENT', 'infer', [
  ({ upstream, b }) => sigmoidGradient(upstream, b),
  ({ upstream, a, b }) => mul(mul(upstream, a), sub(1, mul(b, 2))),
]);

/** `upstream (1 - y^2)`. */
export const tanhGradient: Gradient = binaryOp('tanhGradient', 'TANH_GRADIENT', 'infer', [
  ({ upstream, b }) => tanhGradient(upstream, b),
  ({ upstream, a, b }) => mul(mul(upstream, a), mul(b, -2)),
]);

const GRADIENTS: Readonly<Record<Activation, (upstream: Tensor, y: Tensor) => Tensor>> = {
  linear: (upstream) => upstream,
  relu: reluGradient,
  relu6: relu6Gradient,
  sigmoid: sigmoidGradient,
  tanh: tanhGradient,
};

/** The gradient by what an epilogue's activation was applied to, from that by its output y. */
export function beforeActivation(activation: Activation, upstream: Tensor, y: Tensor): Tensor {
  return GRADIENTS[activation](upstream, y);
}
