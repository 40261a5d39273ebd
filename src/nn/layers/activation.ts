/** Activation: a function of each element, or of each row for softmax. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export class Activation extends ElementwiseLayer {
  readonly activation: ActivationName;

  constructor(options: LayerOptions & { activation: ActivationName }) {
    super('activation', options, ['activation']);
    this.activation = checkActivation(this.name, options.activation);
  }

  protected call(x: Tensor): Tensor {
    return activate(this.activation, x);
  }
}
