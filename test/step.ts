// How tests run a training step: as it stands, and traced by jit; and how they read one number or one exponent.
import * as ht from '../src/node.ts';

type Step = <R>(fn: (...tensors: ht.Tensor[]) => R) => (...tensors: ht.Tensor[]) => R;

/** Both ways must give the same results; each known answer is asked of both. */
export const MODES: readonly { readonly mode: string; readonly run: Step }[] = [
  { mode: 'eager', run: (fn) => fn },
  { mode: 'jit', run: (fn) => ht.jit(fn) },
];

export async function numbers(value: ht.Tensor | ht.Variable): Promise<number[]> {
  return Array.from(await value.data());
}

export async function number(value: ht.Tensor | ht.Variable): Promise<number> {
  return (await numbers(value))[0]!;
}

/** An identity whose upstream gradient is handed to `see`; `see` returns the gradient that goes on. */
export function watchGradient(see: (upstream: ht.Tensor) => ht.Tensor): (x: ht.Tensor) => ht.Tensor {
  return ht.customGradient((x: ht.Tensor) => ({ value: x, gradient: see }));
}
