/** Identity: what it is given. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export class Identity extends ElementwiseLayer {
  constructor(options: LayerOptions = {}) {
    super('identity', options, []);
  }

  protected call(x: Tensor): Tensor {
    return x;
  }
}
