/** ELU: x, below 0 alpha (e^x - 1). */
import type { Tensor } from '../../autograd/tensor.ts';
import { elu } from '../../ops/elu.ts';
import { checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface ELUOptions extends LayerOptions {
  /** Default 1. */
  alpha?: number;
}

export class ELU extends ElementwiseLayer {
  readonly alpha: number;

  constructor(options: ELUOptions = {}) {
    super('elu', options, ['alpha']);
    this.alpha = checkNumber(this.name, 'alpha', options.alpha ?? 1);
  }

  protected call(x: Tensor): Tensor {
    return elu(x, this.alpha);
  }
}
