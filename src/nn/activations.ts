/** Activations by name, and which of them a matrix product applies by itself. */
import type { Tensor } from '../autograd/tensor.ts';
import type { Activation } from '../kernels/gemm/problem.ts';
import { relu } from '../ops/relu.ts';
import { sigmoid } from '../ops/sigmoid.ts';
import { softmax } from '../ops/softmax.ts';
import { tanh } from '../ops/tanh.ts';
import { list, show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';

const ACTIVATIONS = { linear: (x: Tensor) => x, relu, sigmoid, softmax, tanh } as const;
const FUSED: readonly string[] = ['linear', 'relu', 'sigmoid', 'tanh'] satisfies readonly Activation[];

export type ActivationName = keyof typeof ACTIVATIONS;

/** Throws `ArgumentError` for a name that is none. */
export function checkActivation(where: string, name: unknown): ActivationName {
  if (typeof name === 'string' && Object.hasOwn(ACTIVATIONS, name)) return name as ActivationName;
  throw new ArgumentError(
    `${where}: unknown activation ${show(name)}; use ${list(Object.keys(ACTIVATIONS))}`,
  );
}

export function activate(name: ActivationName, x: Tensor): Tensor {
  return ACTIVATIONS[name](x);
}

/** The part of `name` that a product's epilogue does; the rest is `activate`. */
export function fusedActivation(name: ActivationName): Activation {
  return FUSED.includes(name) ? (name as Activation) : 'linear';
}
