/** `groupNormalization`: groups of neighbouring channels of each sample by their own mean and variance, in f32. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { normaliseAxes, showShape } from '../values/shape.ts';
import type { TensorLike } from './input.ts';
import { normaliseColumns } from './normalise-columns.ts';
import { checkEpsilon, floatInput, vectorOf, withAxesLast } from './normalization-inputs.ts';
import { reshape } from './reshape.ts';

export interface GroupNormalizationOptions {
  /** Factor of each channel, (channels); float32, or the dtype of x. Default: none. */
  gamma?: TensorLike | undefined;
  /** What is added to each channel, likewise. Default: none. */
  beta?: TensorLike | undefined;
  /** A divisor of the channels; -1 for one group a channel. Default 32, as in Keras. */
  groups?: number;
  /** Default 1e-3, as in Keras. */
  epsilon?: number;
  /** Of the channels. Default -1. */
  axis?: number;
}

/** Groups of `channels`. Throws `ShapeError` unless they divide them. */
export function checkGroups(where: string, groups: number, channels: number): number {
  const count = groups === -1 ? channels : groups;
  if (Number.isInteger(count) && count > 0 && channels % count === 0) return count;
  throw new ShapeError(
    `${where}: ${groups} groups of ${channels} channels; use a divisor of ${channels}, or -1`,
  );
}

/**
 * `(x - mean) / sqrt(variance + epsilon) gamma + beta`, mean and biased variance over a group of channels and all axes but the first
 * (Wu and He 2018). Computed in f32, in the dtype of `x`, float32 or float16. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function groupNormalization(value: TensorLike, options: GroupNormalizationOptions = {}): Tensor {
  const where = 'groupNormalization';
  checkOptions(where, options, ['gamma', 'beta', 'groups', 'epsilon', 'axis']);
  const { groups = 32, epsilon = 1e-3, axis = -1 } = options;
  checkEpsilon(where, epsilon);
  return tidy(() => {
    const x = floatInput(where, value);
    const axes = normaliseAxes(where, axis, x.rank);
    if (x.rank < 2 || axes[0] === 0)
      throw new ShapeError(
        `${where}: channels along axis ${axis} of ${showShape(x.shape)}; axis 0 is the batch's`,
      );
    const channels = x.shape[axes[0]!]!;
    const tied = channels / checkGroups(where, groups, channels);
    const [gamma, beta] = (['gamma', 'beta'] as const).map((name) =>
      vectorOf(where, name, options[name], x, [channels]),
    );
    const { moved, back } = withAxesLast(x, axes);
    const flat = reshape(moved, [moved.shape[0]!, -1, channels]);
    return back(reshape(normaliseColumns(flat, { gamma, beta }, { epsilon, tied }).y, moved.shape));
  });
}
