/** Gradients of a recorded step by running a function of ops again: for recomputation, and for fused gradients' own gradients. */
import { isFloat } from '../values/dtype.ts';
import { uncarried } from './carried.ts';
import type { Carried, Recorded } from './recording.ts';
import { GradientTape } from './tape.ts';
import type { Tensor } from './tensor.ts';

/** Gradients by `inputs` where `fn`, made of ops on them, gives the step's outputs again and `gradients` are those by them. */
export function gradientsThrough(
  fn: () => readonly Tensor[],
  step: Recorded,
  gradients: readonly (Tensor | null)[],
): (Tensor | null)[] {
  return carriedThrough(fn, step, gradients).map(
    (carried) => carried && uncarried(carried, carried.gradient.dtype),
  );
}

/** The same with the powers of two that the gradients carry, where layers inside `fn` scale them. */
export function carriedThrough(
  fn: () => readonly Tensor[],
  { inputs, needs }: Recorded,
  gradients: readonly (Tensor | null)[],
): (Carried | null)[] {
  // One that is an input twice has one gradient.
  const wanted = inputs.map(
    ({ id, dtype }, index) =>
      needs[index] && isFloat(dtype) && inputs.findIndex((other) => other.id === id) === index,
  );
  const sources = inputs.filter((_, index) => wanted[index]);
  const tape = new GradientTape({ watchVariables: false });
  tape.watch(...sources);
  const pairs = tape.record(fn).flatMap((tensor, index) => {
    const gradient = gradients[index];
    return gradient ? [{ tensor, gradient }] : [];
  });
  const found = tape.carried(
    pairs.map(({ tensor }) => tensor),
    sources,
    pairs.map(({ gradient }) => gradient),
  );
  return inputs.map((input, index) => (wanted[index] ? found[sources.indexOf(input)]! : null));
}
