/** LSTM: a state that gates write to, keep and read (Hochreiter and Schmidhuber 1997), as Keras defines it; the cell is f32 under every policy. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { composedLstmGates, lstmGates } from '../../ops/lstm-gates.ts';
import { recurrentProducts } from '../../ops/recurrent-products.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { checkFlag } from '../checks.ts';
import type { Initialiser } from '../initialisers.ts';
import type { Tensors } from '../several.ts';
import { Recurrent, type Step } from './recurrent.ts';
import type { RecurrentOptions } from './recurrent-options.ts';

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
export class LSTM<Out extends Tensors = Tensor> extends Recurrent<Out> {
  protected readonly gates = 4;
  protected readonly stateDtypes = ['compute', 'float32'] as const;
  readonly recurrentActivation: ActivationName;
  readonly unitForgetBias: boolean;

  constructor(options: LSTMOptions) {
    super('lstm', options, ['recurrentActivation', 'unitForgetBias']);
    this.recurrentActivation = checkActivation(this.name, options.recurrentActivation ?? 'sigmoid');
    this.unitForgetBias = checkFlag(this.name, 'unitForgetBias', options.unitForgetBias ?? true);
  }

  protected override createBias(): Variable {
    const { units } = this;
    const initialiser: Initialiser = (shape, random) => {
      const values = this.biasInitialiser(shape, random);
      return this.unitForgetBias ? values.fill(1, units, 2 * units) : values;
    };
    return this.addWeight('bias', [4 * units], initialiser, this.rules.bias);
  }

  protected step(): Step {
    const product = recurrentProducts(this.recurrentKernel);
    const fused = this.activation === 'tanh' && this.recurrentActivation === 'sigmoid';
    const activation = (x: Tensor) => activate(this.activation, x);
    const recurrent = (x: Tensor) => activate(this.recurrentActivation, x);
    return (part, [h, c], dropped) => {
      const gates = product(dropped(h!), { residual: part });
      return fused ? lstmGates(gates, c!) : composedLstmGates(gates, c!, activation, recurrent);
    };
  }
}
