/** StochasticDepth: in training, samples set to 0 as a whole and the rest scaled up (Huang et al. 2016), as in Keras's ConvNeXt. */
import type { Tensor } from '../../autograd/tensor.ts';
import { checkRate } from '../checks.ts';
import type { CallOptions, LayerOptions } from '../layer.ts';
import { dropoutBy } from './dropout.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface StochasticDepthOptions extends LayerOptions {
  /** Share of samples set to 0, from 0 to below 1. */
  dropPathRate: number;
}

export class StochasticDepth extends ElementwiseLayer {
  readonly dropPathRate: number;

  constructor(options: StochasticDepthOptions) {
    super('stochasticDepth', options, ['dropPathRate']);
    this.dropPathRate = checkRate(this.name, options.dropPathRate);
  }

  protected call(x: Tensor, { training }: CallOptions): Tensor {
    if (!training || this.dropPathRate === 0) return x;
    return dropoutBy(x, this.dropPathRate, [null, ...Array<number>(x.rank - 1).fill(1)]);
  }
}
