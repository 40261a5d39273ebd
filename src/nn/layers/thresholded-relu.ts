/** ThresholdedReLU: x above a threshold, else 0. */
import type { Tensor } from '../../autograd/tensor.ts';
import { greater } from '../../ops/compare.ts';
import { where } from '../../ops/where.ts';
import { checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface ThresholdedReLUOptions extends LayerOptions {
  /** Default 1. */
  theta?: number;
}

export class ThresholdedReLU extends ElementwiseLayer {
  readonly theta: number;

  constructor(options: ThresholdedReLUOptions = {}) {
    super('thresholdedReLU', options, ['theta']);
    this.theta = checkNumber(this.name, 'theta', options.theta ?? 1);
  }

  protected call(x: Tensor): Tensor {
    return where(greater(x, this.theta), x, 0);
  }
}
