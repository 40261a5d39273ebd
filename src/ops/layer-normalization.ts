/** `layerNormalization` and `rmsNormalization`: over any axes, computed in f32, in one kernel forward. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { checkOptions } from '../values/options.ts';
import { normaliseAxes, sizeOf } from '../values/shape.ts';
import type { TensorLike } from './input.ts';
import { normaliseRows } from './normalise-rows.ts';
import { checkEpsilon, floatInput, vectorOf, withAxesLast } from './normalization-inputs.ts';
import { reshape } from './reshape.ts';

interface Normalization {
  readonly axes: number | readonly number[];
  readonly epsilon: number;
  readonly centred: boolean;
  /** The weights, by the names that messages give them. */
  readonly weights: { readonly [name: string]: TensorLike | undefined };
}

function normalised(
  where: string,
  value: TensorLike,
  { axes, epsilon, centred, weights }: Normalization,
): Tensor {
  checkEpsilon(where, epsilon);
  return tidy(() => {
    const x = floatInput(where, value);
    const along = normaliseAxes(where, axes, x.rank);
    const shape = along.map((axis) => x.shape[axis]!);
    const [gamma, beta] = Object.entries(weights)
      .map(([name, weight]) => vectorOf(where, name, weight, x, shape))
      .map((weight) => weight && reshape(weight, [-1]));
    const { moved, back } = withAxesLast(x, along);
    const y = normaliseRows(reshape(moved, [-1, sizeOf(shape)]), { gamma, beta }, { epsilon, centred });
    return back(reshape(y, moved.shape));
  });
}

export interface LayerNormalizationOptions {
  /** Factor of each normalised element, in the shape of the normalised axes; float32, or the dtype of x. Default: none. */
  gamma?: TensorLike | undefined;
  /** What is added to each, likewise. Default: none. */
  beta?: TensorLike | undefined;
  /** Default 1e-3, as in Keras. */
  epsilon?: number;
  /** What each mean and variance is taken over. Default -1. */
  axes?: number | readonly number[];
}

/**
 * `(x - mean) / sqrt(variance + epsilon) gamma + beta`, mean and biased variance over `axes` (Ba, Kiros and Hinton 2016). Computed in f32,
 * in the dtype of `x` float32 or float16. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function layerNormalization(x: TensorLike, options: LayerNormalizationOptions = {}): Tensor {
  checkOptions('layerNormalization', options, ['gamma', 'beta', 'epsilon', 'axes']);
  const { gamma, beta, epsilon = 1e-3, axes = -1 } = options;
  return normalised('layerNormalization', x, { axes, epsilon, centred: true, weights: { gamma, beta } });
}

export interface RmsNormalizationOptions {
  /** Factor of each normalised element, in the shape of the normalised axes; float32, or the dtype of x. Default: none. */
  scale?: TensorLike | undefined;
  /** Default 1e-6, as in Keras. */
  epsilon?: number;
  /** What each mean is taken over. Default -1. */
  axes?: number | readonly number[];
}

/**
 * `x / sqrt(mean(x^2) + epsilon) scale`, the mean over `axes` (Zhang and Sennrich 2019). Computed in f32, in the dtype of `x`, float32 or
 * float16. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function rmsNormalization(x: TensorLike, options: RmsNormalizationOptions = {}): Tensor {
  checkOptions('rmsNormalization', options, ['scale', 'epsilon', 'axes']);
  const { scale, epsilon = 1e-6, axes = -1 } = options;
  return normalised('rmsNormalization', x, { axes, epsilon, centred: false, weights: { scale } });
}
