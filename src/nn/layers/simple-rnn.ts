/** SimpleRNN: h = act(x W + b + h U). */
import type { Tensor } from '../../autograd/tensor.ts';
import { recurrentProducts } from '../../ops/recurrent-products.ts';
import { activate, fusedActivation } from '../activations.ts';
import type { Tensors } from '../several.ts';
import { Recurrent, type Step } from './recurrent.ts';
import type { RecurrentOptions } from './recurrent-options.ts';

/** (steps, features) to (units), or (steps, units). Weights: kernel (features, units), recurrent kernel (units, units), bias (units). */
export class SimpleRNN<Out extends Tensors = Tensor> extends Recurrent<Out> {
  protected readonly gates = 1;
  protected readonly stateDtypes = ['compute'] as const;

  constructor(options: RecurrentOptions) {
    super('simpleRNN', options);
  }

  protected step(): Step {
    const product = recurrentProducts(this.recurrentKernel);
    const activation = fusedActivation(this.activation);
    return (part, [h], dropped) => {
      const next = product(dropped(h!), { residual: part, activation });
      return [activation === this.activation ? next : activate(this.activation, next)];
    };
  }
}
