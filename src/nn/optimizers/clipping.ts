/** Gradient clipping, on the unscaled size of gradients that may still be multiplied with the loss scale. */
import type { Tensor } from '../../autograd/tensor.ts';
import { SCALE_STATE } from '../../kernels/scale_state.ts';
import { add } from '../../ops/add.ts';
import { cast } from '../../ops/cast.ts';
import { div } from '../../ops/div.ts';
import { maximum } from '../../ops/maximum.ts';
import { minimum } from '../../ops/minimum.ts';
import { mul } from '../../ops/mul.ts';
import { neg } from '../../ops/neg.ts';
import { slice } from '../../ops/slice.ts';
import { sqrt } from '../../ops/sqrt.ts';
import { square } from '../../ops/square.ts';
import { sum } from '../../ops/sum.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';

export interface Clipping {
  /** Each gradient is scaled down to at most this norm. */
  clipNorm?: number;
  /** All gradients are scaled down together to at most this norm. */
  globalClipNorm?: number;
  /** Each element is held within plus and minus this value. */
  clipValue?: number;
}

const NAMES = ['clipNorm', 'globalClipNorm', 'clipValue'] as const;

/** Throws `ArgumentError` unless at most one kind is given, above 0. */
export function checkClipping(options: Clipping): Clipping {
  const given = NAMES.filter((name) => options[name] !== undefined);
  if (given.length > 1) throw new ArgumentError(`optimizer: ${given.join(' and ')} given; use one of them`);
  const [name] = given;
  if (!name) return {};
  const bound = options[name]!;
  if (!(bound > 0)) throw new ArgumentError(`optimizer: ${name} ${show(bound)}; use a number above 0`);
  return { [name]: bound };
}

/** `words` is the optimizer's state; its `inverse` is what unscales the gradients of this step. */
export function clip(gradients: readonly Tensor[], clipping: Clipping, words: Tensor): readonly Tensor[] {
  const { clipNorm, globalClipNorm, clipValue } = clipping;
  const bound = clipNorm ?? globalClipNorm ?? clipValue;
  if (bound === undefined) return gradients;
  const inverse = slice(words, [SCALE_STATE.findIndex(({ name }) => name === 'inverse')], [1]);
  const wide = gradients.map((gradient) => cast(gradient, 'float32'));
  if (clipValue !== undefined) {
    const limit = div(clipValue, inverse);
    return wide.map((gradient) => minimum(maximum(gradient, neg(limit)), limit));
  }
  const squares = wide.map((gradient) => sum(square(mul(gradient, inverse))));
  // bound / max(norm, bound): 1 where the norm is within the bound.
  const factor = (squared: Tensor) => div(bound, maximum(sqrt(squared), bound));
  if (clipNorm !== undefined) return wide.map((gradient, index) => mul(gradient, factor(squares[index]!)));
  const common = factor(squares.reduce((total, squared) => add(total, squared)));
  return wide.map((gradient) => mul(gradient, common));
}
