/** BatchNormalization: by the statistics of the batch in training, by moving ones otherwise (Ioffe and Szegedy 2015). */
import { isRepeating } from '../../autograd/checkpoint.ts';
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { movingStatisticsKernel } from '../../kernels/moving_statistics.ts';
import { add } from '../../ops/add.ts';
import { batchNormalization, batchNormalized } from '../../ops/batch-normalization.ts';
import { cast } from '../../ops/cast.ts';
import { div } from '../../ops/div.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { square } from '../../ops/square.ts';
import { sub } from '../../ops/sub.ts';
import { sum } from '../../ops/sum.ts';
import { where } from '../../ops/where.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { normaliseAxes, type Shape, sameShape, showShape, sizeOf } from '../../values/shape.ts';
import { checkFlag, checkNumber } from '../checks.ts';
import { type InitialiserLike, toInitialiser } from '../initialisers.ts';
import type { CallOptions } from '../layer.ts';
import { Normalization, type NormalizationOptions } from './normalization.ts';

export interface BatchNormalizationLayerOptions extends NormalizationOptions {
  /** Of the channels, the batch being axis 0. Default -1. */
  axis?: number;
  /** Share of the moving statistics that a step keeps. Default 0.99. */
  momentum?: number;
  /** Default `'zeros'`. */
  movingMeanInitializer?: InitialiserLike;
  /** Default `'ones'`. */
  movingVarianceInitializer?: InitialiserLike;
  /** Keras's, over several devices; there is one here. Default and only value false. */
  synchronized?: boolean;
}

/**
 * Weights: gamma, beta, then the moving mean and variance, float32 under every policy. Those move at each call in training, on the GPU,
 * and stay as they are where a batch overflowed. A mask (n, steps) leaves positions out of all statistics; a batch with nothing else has
 * mean and variance 0. With `trainable` false the layer is as in inference, as in Keras. Default epsilon 1e-3.
 */
export class BatchNormalization extends Normalization {
  readonly axis: number;
  readonly momentum: number;
  readonly #initialisers: readonly InitialiserLike[];
  #movingMean: Variable | undefined;
  #movingVariance: Variable | undefined;

  /** Throws `ArgumentError`. */
  constructor(options: BatchNormalizationLayerOptions = {}) {
    const initialisers = ['movingMeanInitializer', 'movingVarianceInitializer'];
    super('batchNormalization', options, ['axis', 'momentum', 'synchronized', ...initialisers], 1e-3);
    if (checkFlag(this.name, 'synchronized', options.synchronized ?? false))
      throw new ArgumentError(
        `${this.name}: synchronized true; statistics are those of one device, and there are no others to share them with: leave it out`,
      );
    this.axis = checkNumber(this.name, 'axis', options.axis ?? -1);
    this.momentum = checkNumber(this.name, 'momentum', options.momentum ?? 0.99);
    const { movingMeanInitializer: mean = 'zeros', movingVarianceInitializer: variance = 'ones' } = options;
    this.#initialisers = [mean, variance].map(toInitialiser);
  }

  protected override weightAxes(): readonly number[] {
    return [this.axis];
  }

  protected override create(sample: Shape): void {
    super.create(sample);
    const [mean, variance] = ['moving_mean', 'moving_variance'].map((name, i) =>
      this.addWeight(name, this.weightShape(sample), this.#initialisers[i]!, {
        ...{ trainable: false, dtype: 'float32' },
      }),
    );
    [this.#movingMean, this.#movingVariance] = [mean, variance];
  }

  protected call(x: Tensor, { training, mask }: CallOptions): Tensor {
    const { axis, epsilon, name } = this;
    const moving = { mean: this.#movingMean!.values, variance: this.#movingVariance!.values };
    if (!training || !this.trainable)
      return batchNormalization(x, { ...this.weightsRead, ...moving, axis, epsilon });
    const masked = mask ? maskedMoments(name, x, mask, axis) : undefined;
    const found = batchNormalized(name, x, { ...this.weightsRead, ...masked, axis, epsilon });
    const { mean, variance } = masked ?? found;
    if (!isRepeating()) movingStatisticsKernel({ mean: mean!, variance: variance! }, moving, this.momentum);
    return found.y;
  }
}

/** Keras's, so that a count of 0 is divided by something. */
const EPSILON = 1e-7;

/** Mean and biased variance of each channel, float32, over the positions of x (n, ...) that its mask, of the first axes, counts. */
function maskedMoments(
  name: string,
  x: Tensor,
  mask: Tensor,
  axis: number,
): { readonly mean: Tensor; readonly variance: Tensor } {
  const masked = x.shape.slice(0, mask.rank);
  if (mask.rank >= x.rank || !sameShape(mask.shape, masked))
    throw new ShapeError(
      `${name}: mask ${showShape(mask.shape)} for an input ${showShape(x.shape)}; use ${showShape(x.shape.slice(0, Math.min(mask.rank, x.rank - 1)))}`,
    );
  const [own] = normaliseAxes(name, axis, x.rank) as [number];
  const others = x.shape.flatMap((_, other) => (other === own ? [] : [other]));
  const counted = reshape(mask, [...masked, ...x.shape.slice(mask.rank).map(() => 1)]);
  // Each position that counts stands for all elements along the axes that the mask does not have.
  const each = sizeOf(x.shape.filter((_, other) => other >= mask.rank && other !== own));
  const count = add(mul(sum(cast(counted, 'float32'), others, true), each), EPSILON);
  const wide = cast(x, 'float32');
  const mean = div(sum(where(counted, wide, 0), others, true), count);
  const squares = square(where(counted, sub(wide, mean), 0));
  const channels = [x.shape[own]!];
  return {
    mean: reshape(mean, channels),
    variance: reshape(div(sum(squares, others, true), count), channels),
  };
}
