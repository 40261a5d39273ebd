/** How large gradients are: a histogram of the exponents of the gradients that float16 gets, for one batch. */
import * as ht from '../../src/node.ts';
import { type Digits, PIXELS } from './digits.ts';

export interface ExponentHistogram {
  /** Loss scale under which the gradients were computed. */
  readonly scale: number;
  /** Exponent of the first bin, floor of log2 |g|; each bin is one exponent. */
  readonly first: number;
  readonly counts: readonly number[];
  /** Share of nonzero gradients below 2^-24, the smallest half: float16 keeps none of their digits. */
  readonly lost: number;
}

export const FIRST_EXPONENT = -45;
const LAST_EXPONENT = 16;
const SMALLEST_HALF = -24;

/** What a watch counts of the gradients of the loss times `scale` that `model` stores in float16, before they are rounded to it. */
export async function gradientExponents(
  model: ht.Sequential,
  { images, labels }: Digits,
  batch: number,
  scale: number,
): Promise<ExponentHistogram> {
  const x = ht.tensor(images.slice(0, batch * PIXELS), { shape: [batch, PIXELS] });
  const y = ht.tensor(labels.slice(0, batch));
  const watch = ht.numerics.watch(model);
  ht.tidy(() => {
    const tape = new ht.GradientTape();
    const loss = tape.record(() =>
      ht.mul(ht.losses.sparseCategoricalCrossentropy(y, model.apply(x), { fromLogits: true }), scale),
    );
    tape.gradient(loss, model.trainableVariables);
  });
  const { ops } = await watch.report();
  watch.stop();
  const counts = new Array<number>(LAST_EXPONENT - FIRST_EXPONENT + 1).fill(0);
  let [lost, nonzero] = [0, 0];
  for (const { pass, dtype, histogram } of ops) {
    if (pass !== 'backward' || dtype !== 'float16') continue;
    for (const [index, count] of histogram.counts.entries()) {
      const exponent = histogram.first + index;
      counts[Math.min(Math.max(exponent, FIRST_EXPONENT), LAST_EXPONENT) - FIRST_EXPONENT]! += count;
      nonzero += count;
      if (exponent < SMALLEST_HALF) lost += count;
    }
  }
  return { scale, first: FIRST_EXPONENT, counts, lost: nonzero ? lost / nonzero : 0 };
}
