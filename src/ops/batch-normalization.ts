/** `batchNormalization`: every channel by its mean and variance over a batch, or by given ones, in f32. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { normaliseAxes } from '../values/shape.ts';
import type { TensorLike } from './input.ts';
import { normaliseColumns, normaliseColumnsBy } from './normalise-columns.ts';
import { checkEpsilon, floatInput, vectorOf, withAxesLast } from './normalization-inputs.ts';
import { reshape } from './reshape.ts';

export interface BatchNormalizationOptions {
  /** Factor of each channel, (channels); float32, or the dtype of x. Default: none. */
  gamma?: TensorLike | undefined;
  /** What is added to each channel, likewise. Default: none. */
  beta?: TensorLike | undefined;
  /** (channels): with `variance` what x is normalised by, as in inference. Default: those of x itself. */
  mean?: TensorLike | undefined;
  variance?: TensorLike | undefined;
  /** Default 1e-3, as in Keras. */
  epsilon?: number;
  /** Of the channels. Default -1. */
  axis?: number;
}

const OPTIONS = ['gamma', 'beta', 'mean', 'variance', 'epsilon', 'axis'];

/** The result, and the statistics of the batch, (channels), float32; none where they were given. */
export interface BatchNormalized {
  readonly y: Tensor;
  readonly mean: Tensor | undefined;
  readonly variance: Tensor | undefined;
}

/** `batchNormalization` with the statistics of the batch: what moving ones are made of. No gradient comes through those. */
export function batchNormalized(
  where: string,
  value: TensorLike,
  options: BatchNormalizationOptions,
): BatchNormalized {
  const { epsilon = 1e-3, axis = -1 } = options;
  checkEpsilon(where, epsilon);
  if ((options.mean === undefined) !== (options.variance === undefined))
    throw new ArgumentError(
      `${where}: ${options.mean === undefined ? 'variance' : 'mean'} is given alone; give mean and variance, or neither`,
    );
  return tidy(() => {
    const x = floatInput(where, value);
    const axes = normaliseAxes(where, axis, x.rank);
    const channels = x.shape[axes[0]!]!;
    const vector = (name: 'gamma' | 'beta' | 'mean' | 'variance') =>
      vectorOf(where, name, options[name], x, [channels]);
    const [gamma, beta, mean, variance] = (['gamma', 'beta', 'mean', 'variance'] as const).map(vector);
    const { moved, back } = withAxesLast(x, axes);
    const flat = reshape(moved, [1, -1, channels]);
    const whole = (y: Tensor) => back(reshape(y, moved.shape));
    if (mean && variance) {
      const y = whole(normaliseColumnsBy(flat, { mean, variance }, { gamma, beta }, epsilon));
      return { y, mean: undefined, variance: undefined };
    }
    const found = normaliseColumns(flat, { gamma, beta }, { epsilon, tied: 1 });
    return {
      y: whole(found.y),
      mean: reshape(found.mean, [channels]),
      variance: reshape(found.variance, [channels]),
    };
  });
}

/**
 * `(x - mean) / sqrt(variance + epsilon) gamma + beta` for each channel, mean and biased variance over all other axes (Ioffe and
 * Szegedy 2015), or as given. Computed in f32, in the dtype of `x`, float32 or float16. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function batchNormalization(x: TensorLike, options: BatchNormalizationOptions = {}): Tensor {
  checkOptions('batchNormalization', options, OPTIONS);
  return tidy(() => batchNormalized('batchNormalization', x, options).y);
}
