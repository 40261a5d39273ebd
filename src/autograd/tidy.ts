/** `tidy` and `keep`: memory rules for programs that run long without `jit`. */
import { inScope, leaveScopes } from './scope.ts';
import { tensorsIn } from './structure.ts';
import type { Tensor } from './tensor.ts';

/** Runs `fn` and disposes every tensor that it made, but for those in its result (also in arrays and objects) and those kept. */
export function tidy<T>(fn: () => T): T {
  return inScope(fn, tensorsIn);
}

/** `fn` in a tidy of its own: for ops made of others, whose intermediate results nobody else can dispose. */
export function composed<A extends unknown[], R>(fn: (...args: A) => R): (...args: A) => R {
  return (...args) => tidy(() => fn(...args));
}

/** Takes `tensor` out of every tidy: it lives until it is disposed. */
export function keep(tensor: Tensor): Tensor {
  leaveScopes(tensor);
  return tensor;
}
