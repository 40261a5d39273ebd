// Reference: layer, root-mean-square, batch and group normalisation, and moments.
import type { Plain } from './array.ts';
import { binary, unary } from './elementwise.ts';
import { reshape } from './movement.ts';
import { meanOf, reduce } from './reduce.ts';

type Axes = number | readonly number[];

/** Mean and biased variance over `axes`, kept with size 1. */
export function moments(x: Plain, axes: Axes): { mean: Plain; variance: Plain } {
  const mean = reduce(meanOf, x, axes, true);
  const distances = binary((value, centre) => (value - centre) ** 2)(x, mean);
  return { mean, variance: reduce(meanOf, distances, axes, true) };
}

const product = binary((a, b) => a * b);
const total = binary((a, b) => a + b);

/** Statistics, gamma and beta broadcast to x. */
export function normalised(
  x: Plain,
  { mean, variance }: { mean: Plain; variance: Plain },
  epsilon: number,
  gamma?: Plain,
  beta?: Plain,
): Plain {
  const n = product(
    binary((value, centre) => value - centre)(x, mean),
    unary((v) => 1 / Math.sqrt(v + epsilon))(variance),
  );
  const scaled = gamma ? product(n, gamma) : n;
  return beta ? total(scaled, beta) : scaled;
}

/** Gamma and beta broadcast to x. */
export function layerNormalization(
  x: Plain,
  axes: Axes,
  epsilon: number,
  gamma?: Plain,
  beta?: Plain,
): Plain {
  return normalised(x, moments(x, axes), epsilon, gamma, beta);
}

export function rmsNormalization(x: Plain, axes: Axes, epsilon: number, scale?: Plain): Plain {
  const { mean } = moments(product(x, x), axes);
  return normalised(x, { mean: { shape: [], data: [0] }, variance: mean }, epsilon, scale);
}

/** Of x (batch, ..., channels). */
export function groupNormalization(
  x: Plain,
  groups: number,
  epsilon: number,
  gamma?: Plain,
  beta?: Plain,
): Plain {
  const [batch, channels] = [x.shape[0]!, x.shape.at(-1)!];
  const apart = reshape(x, [batch, x.data.length / batch / channels, groups, channels / groups]);
  const y = reshape(normalised(apart, moments(apart, [1, 3]), epsilon), x.shape);
  const scaled = gamma ? product(y, gamma) : y;
  return beta ? total(scaled, beta) : scaled;
}
