/** LeakyReLU: x, below 0 negativeSlope x. */
import type { Tensor } from '../../autograd/tensor.ts';
import { leakyRelu } from '../../ops/leaky-relu.ts';
import { checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface LeakyReLUOptions extends LayerOptions {
  /** Default 0.3. */
  negativeSlope?: number;
  /** Another name for `negativeSlope`, that of TensorFlow.js. */
  alpha?: number;
}

export class LeakyReLU extends ElementwiseLayer {
  readonly negativeSlope: number;

  constructor(options: LeakyReLUOptions = {}) {
    super('leakyReLU', options, ['negativeSlope', 'alpha']);
    const { alpha = 0.3, negativeSlope = alpha } = options;
    this.negativeSlope = checkNumber(this.name, 'negativeSlope', negativeSlope);
  }

  override getConfig(): Record<string, unknown> {
    const { alpha: _, ...config } = super.getConfig();
    return config;
  }

  protected call(x: Tensor): Tensor {
    return leakyRelu(x, this.negativeSlope);
  }
}
