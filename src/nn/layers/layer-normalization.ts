/** LayerNormalization and RMSNormalization: each sample by its own statistics over some axes. */
import type { Tensor } from '../../autograd/tensor.ts';
import { layerNormalization, rmsNormalization } from '../../ops/layer-normalization.ts';
import { checkCounts, checkNumber } from '../checks.ts';
import type { InitialiserLike } from '../initialisers.ts';
import type { LayerOptions } from '../layer.ts';
import { Normalization, type NormalizationOptions } from './normalization.ts';

type Axes = number | readonly number[];

export interface LayerNormalizationLayerOptions extends NormalizationOptions {
  /** What mean and variance are taken over, the batch being axis 0. Default -1. */
  axis?: Axes;
}

function checkAxes(where: string, axis: unknown): Axes {
  return Array.isArray(axis)
    ? checkCounts(where, 'axis', axis, Number.NEGATIVE_INFINITY)
    : checkNumber(where, 'axis', axis);
}

/** Weights: gamma and beta in the shape of the normalised axes, float32 under every policy (Ba, Kiros and Hinton 2016). Default epsilon 1e-3. */
export class LayerNormalization extends Normalization {
  readonly axis: Axes;

  constructor(options: LayerNormalizationLayerOptions = {}) {
    super('layerNormalization', options, ['axis'], 1e-3);
    this.axis = checkAxes(this.name, options.axis ?? -1);
  }

  protected override weightAxes(): readonly number[] {
    return [this.axis].flat();
  }

  protected call(x: Tensor): Tensor {
    return layerNormalization(x, { ...this.weightsRead, axes: this.axis, epsilon: this.epsilon });
  }
}

export interface RMSNormalizationLayerOptions extends LayerOptions {
  /** What the mean square is taken over, the batch being axis 0. Default -1. */
  axis?: Axes;
  /** Default 1e-6. */
  epsilon?: number;
  /** Default `'ones'`. */
  scaleInitializer?: InitialiserLike;
}

/** Weight: the scale in the shape of the normalised axes, float32 under every policy (Zhang and Sennrich 2019). */
export class RMSNormalization extends Normalization {
  readonly axis: Axes;

  constructor({ scaleInitializer, ...options }: RMSNormalizationLayerOptions = {}) {
    const gammaInitializer = scaleInitializer ?? 'ones';
    super('rmsNormalization', { ...options, gammaInitializer, center: false }, ['axis'], 1e-6);
    this.axis = checkAxes(this.name, options.axis ?? -1);
  }

  /** What it shares with other normalisations says nothing new of it. */
  override getConfig(): Record<string, unknown> {
    const { gammaInitializer, center: _, scale: __, ...config } = super.getConfig();
    return gammaInitializer === 'ones' ? config : { ...config, scaleInitializer: gammaInitializer };
  }

  protected override weightAxes(): readonly number[] {
    return [this.axis].flat();
  }

  protected call(x: Tensor): Tensor {
    return rmsNormalization(x, {
      ...{ scale: this.weightsRead.gamma, axes: this.axis, epsilon: this.epsilon },
    });
  }
}
