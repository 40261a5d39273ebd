/** How large gradients are: a histogram of the exponents of the gradients by all activations, for one batch. */
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

/** Gradients of the loss times `scale` by each layer's output, in float32 whatever the model's policy is. */
export async function gradientExponents(
  model: ht.Sequential,
  { images, labels }: Digits,
  batch: number,
  scale: number,
): Promise<ExponentHistogram> {
  const x = ht.tensor(images.slice(0, batch * PIXELS), { shape: [batch, PIXELS] });
  const y = ht.tensor(labels.slice(0, batch));
  const tape = new ht.GradientTape();
  const outputs: ht.Tensor[] = [];
  const loss = tape.record(() => {
    let output = x;
    for (const layer of model.layers) {
      const [kernel, bias] = layer.weights.map((weight) => ht.cast(weight.values, 'float32'));
      const product = ht.add(ht.matMul(output, kernel!), bias!);
      tape.watch(product);
      outputs.push(product);
      output = layer === model.layers.at(-1) ? product : ht.relu(product);
    }
    const value = ht.losses.sparseCategoricalCrossentropy(y, output, { fromLogits: true });
    return ht.mul(value, scale);
  });
  const gradients = tape.gradient(loss, outputs);
  const counts = new Array<number>(LAST_EXPONENT - FIRST_EXPONENT + 1).fill(0);
  let [lost, nonzero] = [0, 0];
  for (const gradient of gradients) {
    for (const value of await gradient.data()) {
      if (value === 0 || !Number.isFinite(value)) continue;
      const exponent = Math.floor(Math.log2(Math.abs(value)));
      const bin = Math.min(Math.max(exponent, FIRST_EXPONENT), LAST_EXPONENT) - FIRST_EXPONENT;
      counts[bin]!++;
      nonzero++;
      if (exponent < SMALLEST_HALF) lost++;
    }
  }
  return { scale, first: FIRST_EXPONENT, counts, lost: nonzero ? lost / nonzero : 0 };
}
