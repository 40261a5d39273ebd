/** Activation: a function of each element, or of each row for softmax. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Shape } from '../../values/shape.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export class Activation extends Layer {
  readonly activation: ActivationName;

  constructor(options: LayerOptions & { activation: ActivationName }) {
    super('activation', options, ['activation']);
    this.activation = checkActivation(this.name, options.activation);
  }

  outputShape(sample: Shape): Shape {
    return sample;
  }

  protected call(x: Tensor): Tensor {
    return activate(this.activation, x);
  }
}
