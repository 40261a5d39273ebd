/** BatchNormalization: by the statistics of the batch in training, by moving ones otherwise (Ioffe and Szegedy 2015). */
import { isRepeating } from '../../autograd/checkpoint.ts';
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { movingStatisticsKernel } from '../../kernels/moving_statistics.ts';
import { batchNormalization, batchNormalized } from '../../ops/batch-normalization.ts';
import type { Shape } from '../../values/shape.ts';
import { checkNumber } from '../checks.ts';
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
}

/**
 * Weights: gamma, beta, then the moving mean and variance, float32 under every policy. Those move at each call in training, on the GPU,
 * and stay as they are where a batch overflowed. With `trainable` false the layer is as in inference, as in Keras. Default epsilon 1e-3.
 */
export class BatchNormalization extends Normalization {
  readonly axis: number;
  readonly momentum: number;
  readonly #initialisers: readonly InitialiserLike[];
  #movingMean: Variable | undefined;
  #movingVariance: Variable | undefined;

  constructor(options: BatchNormalizationLayerOptions = {}) {
    const own = ['axis', 'momentum', 'movingMeanInitializer', 'movingVarianceInitializer'];
    super('batchNormalization', options, own, 1e-3);
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

  protected call(x: Tensor, { training }: CallOptions): Tensor {
    const { axis, epsilon, name } = this;
    const moving = { mean: this.#movingMean!.values, variance: this.#movingVariance!.values };
    if (!training || !this.trainable)
      return batchNormalization(x, { ...this.weightsRead, ...moving, axis, epsilon });
    const { y, mean, variance } = batchNormalized(name, x, { ...this.weightsRead, axis, epsilon });
    if (!isRepeating()) movingStatisticsKernel({ mean: mean!, variance: variance! }, moving, this.momentum);
    return y;
  }
}
