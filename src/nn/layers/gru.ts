/** GRU: a state between what it was and a candidate (Cho et al. 2014), as Keras defines it. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { split } from '../../ops/concat.ts';
import { between, composedGruGates, gruGates } from '../../ops/gru-gates.ts';
import { mul } from '../../ops/mul.ts';
import { recurrentProducts } from '../../ops/recurrent-products.ts';
import { reshape } from '../../ops/reshape.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { checkFlag } from '../checks.ts';
import type { Tensors } from '../several.ts';
import { Recurrent, type Step } from './recurrent.ts';
import type { RecurrentOptions } from './recurrent-options.ts';

export interface GRUOptions extends RecurrentOptions {
  /** Of the gates. Default `'sigmoid'`. */
  recurrentActivation?: ActivationName;
  /** Whether the gate that forgets acts after the product with the recurrent kernel. Default true. */
  resetAfter?: boolean;
}

/**
 * (steps, features) to (units), or (steps, units). Weights: kernel (features, 3 units), recurrent kernel (units, 3 units), their columns for
 * keeping, forgetting and the candidate, and bias, (2, 3 units) with `resetAfter`, the input's and the recurrent one, else (3 units).
 */
export class GRU<Out extends Tensors = Tensor> extends Recurrent<Out> {
  protected readonly gates = 3;
  protected readonly stateDtypes = ['compute'] as const;
  readonly recurrentActivation: ActivationName;
  readonly resetAfter: boolean;

  constructor(options: GRUOptions) {
    super('gru', options, ['recurrentActivation', 'resetAfter']);
    this.recurrentActivation = checkActivation(this.name, options.recurrentActivation ?? 'sigmoid');
    this.resetAfter = checkFlag(this.name, 'resetAfter', options.resetAfter ?? true);
  }

  protected override createBias(): Variable {
    const columns = 3 * this.units;
    const shape = this.resetAfter ? [2, columns] : [columns];
    return this.addWeight('bias', shape, this.biasInitialiser, this.rules.bias);
  }

  protected override get inputBias(): Tensor | undefined {
    return this.resetAfter ? this.#biasRow(0) : this.bias;
  }

  protected step(): Step {
    return this.resetAfter ? this.#resetAfterProduct() : this.#resetBeforeProduct();
  }

  #resetAfterProduct(): Step {
    const product = recurrentProducts(this.recurrentKernel, this.#biasRow(1));
    const fused = this.activation === 'tanh' && this.recurrentActivation === 'sigmoid';
    return (part, [h], dropped) => {
      const own = product(dropped(h!));
      if (fused) return [gruGates(part, own, h!)];
      return [composedGruGates(part, own, h!, this.#activate, this.#activateGates)];
    };
  }

  #resetBeforeProduct(): Step {
    const sizes = [2 * this.units, this.units];
    const [forGates, forCandidate] = split(this.recurrentKernel, sizes, 1) as [Tensor, Tensor];
    const gateProduct = recurrentProducts(forGates);
    const candidateProduct = recurrentProducts(forCandidate);
    return (part, [h], dropped) => {
      const own = dropped(h!);
      const [ofGates, ofCandidate] = split(part, sizes, 1) as [Tensor, Tensor];
      const gates = this.#activateGates(gateProduct(own, { residual: ofGates }));
      const [z, r] = split(gates, 2, 1) as [Tensor, Tensor];
      const candidate = this.#activate(candidateProduct(mul(r, own), { residual: ofCandidate }));
      return [between(z, h!, candidate)];
    };
  }

  #activate = (x: Tensor) => activate(this.activation, x);
  #activateGates = (x: Tensor) => activate(this.recurrentActivation, x);

  #biasRow(row: 0 | 1): Tensor | undefined {
    const { bias } = this;
    return bias && reshape(split(bias, 2, 0)[row]!, [3 * this.units]);
  }
}
