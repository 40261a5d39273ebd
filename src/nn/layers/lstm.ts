/** LSTM: a state that gates write to, keep and read (Hochreiter and Schmidhuber 1997), as Keras defines it. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { add } from '../../ops/add.ts';
import { split } from '../../ops/concat.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { mul } from '../../ops/mul.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { Recurrent, type RecurrentOptions } from './recurrent.ts';

export interface LSTMOptions extends RecurrentOptions {
  /** Of the gates. Default `'sigmoid'`. */
  recurrentActivation?: ActivationName;
  /** Whether the bias of the gate that keeps begins with 1. Default true. */
  unitForgetBias?: boolean;
}

/**
 * (steps, features) to (units), or (steps, units). Weights: kernel (features, 4 units), recurrent kernel (units, 4 units), bias (4 units),
 * their columns for writing, keeping, the candidate and reading. States: the result and the cell.
 */
export class LSTM extends Recurrent<LSTMOptions> {
  protected readonly gates = 4;
  readonly states = 2;
  readonly recurrentActivation: ActivationName;
  readonly unitForgetBias: boolean;

  constructor(options: LSTMOptions) {
    super('lstm', options, ['recurrentActivation', 'unitForgetBias']);
    this.recurrentActivation = checkActivation(this.name, options.recurrentActivation ?? 'sigmoid');
    this.unitForgetBias = options.unitForgetBias ?? true;
  }

  protected override createBias(): Variable {
    const { units } = this;
    return this.addWeight('bias', [4 * units], (shape, random) => {
      const values = this.biasInitialiser(shape, random);
      return this.unitForgetBias ? values.fill(1, units, 2 * units) : values;
    });
  }

  protected step(input: Tensor, [h, c]: readonly Tensor[], kernel: Tensor): readonly Tensor[] {
    const gate = (x: Tensor) => activate(this.recurrentActivation, x);
    const [i, f, candidate, o] = split(matMul(h!, kernel, false, false, { residual: input }), 4, 1);
    const cell = add(mul(gate(f!), c!), mul(gate(i!), activate(this.activation, candidate!)));
    return [mul(gate(o!), activate(this.activation, cell)), cell];
  }
}
