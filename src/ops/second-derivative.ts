/** Derivatives of a fused gradient, by the composition of ops that the fused op equals. */
import { GradientTape } from '../autograd/tape.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { add } from './add.ts';
import { cast } from './cast.ts';
import { mul } from './mul.ts';
import { sum } from './sum.ts';

/**
 * Gradients by the inputs `xs` and then by the upstream gradients of an op that gives the gradients by `xs` of `composition`;
 * `moved` are the gradients by what it gives, null where nothing depends on it.
 */
export function secondDerivatives(
  composition: (...xs: Tensor[]) => readonly Tensor[],
  xs: readonly Tensor[],
  upstream: readonly Tensor[],
  moved: readonly (Tensor | null)[],
): (Tensor | null)[] {
  const [outer, inner] = [new GradientTape(), new GradientTape()];
  outer.watch(...xs, ...upstream);
  inner.watch(...xs);
  const total = outer.record(() => {
    const results = inner.record(() => composition(...xs));
    const gradients = inner.gradient(results, xs, { outputGradients: upstream });
    return gradients
      .flatMap((gradient, i) => {
        const by = moved[i];
        return by ? [sum(mul(cast(gradient, 'float32'), cast(by, 'float32')))] : [];
      })
      .reduce((a, b) => add(a, b));
  });
  return outer.gradient(total, [...xs, ...upstream], { unconnected: 'none' });
}
