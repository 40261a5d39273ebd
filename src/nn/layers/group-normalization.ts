/** GroupNormalization: groups of channels of each sample by their own statistics (Wu and He 2018). */
import type { Tensor } from '../../autograd/tensor.ts';
import { checkGroups, groupNormalization } from '../../ops/group-normalization.ts';
import type { Shape } from '../../values/shape.ts';
import { checkNumber } from '../checks.ts';
import { Normalization, type NormalizationOptions } from './normalization.ts';

export interface GroupNormalizationLayerOptions extends NormalizationOptions {
  /** A divisor of the channels; -1 for one group a channel. Default 32. */
  groups?: number;
  /** Of the channels, the batch being axis 0. Default -1. */
  axis?: number;
}

/** Weights: gamma and beta, (channels), float32 under every policy. Default epsilon 1e-3. */
export class GroupNormalization extends Normalization {
  readonly groups: number;
  readonly axis: number;

  constructor(options: GroupNormalizationLayerOptions = {}) {
    super('groupNormalization', options, ['groups', 'axis'], 1e-3);
    this.groups = checkNumber(this.name, 'groups', options.groups ?? 32);
    this.axis = checkNumber(this.name, 'axis', options.axis ?? -1);
  }

  protected override weightAxes(): readonly number[] {
    return [this.axis];
  }

  override outputShape(sample: Shape): Shape {
    checkGroups(this.name, this.groups, this.weightShape(sample)[0]!);
    return sample;
  }

  protected call(x: Tensor): Tensor {
    const { groups, axis, epsilon } = this;
    return groupNormalization(x, { ...this.weightsRead, groups, axis, epsilon });
  }
}
