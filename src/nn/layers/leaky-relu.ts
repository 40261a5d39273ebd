/** LeakyReLU: x, below 0 negativeSlope x. */
import type { Tensor } from '../../autograd/tensor.ts';
import { leakyRelu } from '../../ops/leaky-relu.ts';
import { checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface LeakyReLUOptions extends LayerOptions {
  /** Default 0.3. */
  negativeSlope?: number;
}

export class LeakyReLU extends ElementwiseLayer {
  readonly negativeSlope: number;

  constructor(options: LeakyReLUOptions = {}) {
    super('leakyReLU', options, ['negativeSlope']);
    this.negativeSlope = checkNumber(this.name, 'negativeSlope', options.negativeSlope ?? 0.3);
  }

  protected call(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope);
  }
}
