/** SimpleRNN: h = act(x W + b + h U). */
import type { Tensor } from '../../autograd/tensor.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { activate, fusedActivation } from '../activations.ts';
import { Recurrent, type RecurrentOptions } from './recurrent.ts';

/** (steps, features) to (units), or (steps, units). Weights: kernel (features, units), recurrent kernel (units, units), bias (units). */
export class SimpleRNN extends Recurrent {
  protected readonly gates = 1;
  readonly states = 1;

  constructor(options: RecurrentOptions) {
    super('simpleRNN', options, []);
  }

  protected step(input: Tensor, [h]: readonly Tensor[], kernel: Tensor): readonly Tensor[] {
    const activation = fusedActivation(this.activation);
    const next = matMul(h!, kernel, false, false, { residual: input, activation });
    return [activation === this.activation ? next : activate(this.activation, next)];
  }
}
