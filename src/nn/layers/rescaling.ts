/** Rescaling: x scale + offset, such as pixels to numbers from 0 to 1. */
import type { Tensor } from '../../autograd/tensor.ts';
import { add } from '../../ops/add.ts';
import { cast } from '../../ops/cast.ts';
import { mul } from '../../ops/mul.ts';
import { checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface RescalingOptions extends LayerOptions {
  scale: number;
  /** Default 0. */
  offset?: number;
}

export class Rescaling extends ElementwiseLayer {
  readonly scale: number;
  readonly offset: number;

  constructor(options: RescalingOptions) {
    super('rescaling', options, ['scale', 'offset']);
    this.scale = checkNumber(this.name, 'scale', options.scale);
    this.offset = checkNumber(this.name, 'offset', options.offset ?? 0);
  }

  /** Integers become floats of the compute dtype. */
  protected call(x: Tensor): Tensor {
    const scaled = mul(cast(x, this.policy.computeDtype), this.scale);
    return this.offset === 0 ? scaled : add(scaled, this.offset);
  }
}
