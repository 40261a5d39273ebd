/** GRU: a state between what it was and a candidate (Cho et al. 2014), as Keras defines it. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { add } from '../../ops/add.ts';
import { split } from '../../ops/concat.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { slice } from '../../ops/slice.ts';
import { sub } from '../../ops/sub.ts';
import { type ActivationName, activate, checkActivation } from '../activations.ts';
import { Recurrent, type RecurrentOptions } from './recurrent.ts';

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
export class GRU extends Recurrent<GRUOptions> {
  protected readonly gates = 3;
  readonly states = 1;
  readonly recurrentActivation: ActivationName;
  readonly resetAfter: boolean;

  constructor(options: GRUOptions) {
    super('gru', options, ['recurrentActivation', 'resetAfter']);
    this.recurrentActivation = checkActivation(this.name, options.recurrentActivation ?? 'sigmoid');
    this.resetAfter = options.resetAfter ?? true;
  }

  protected override createBias(): Variable {
    const columns = 3 * this.units;
    return this.addWeight('bias', this.resetAfter ? [2, columns] : [columns], this.biasInitialiser);
  }

  protected override inputBias(): Tensor | undefined {
    return this.resetAfter ? this.#biasRow(0) : super.inputBias();
  }

  protected step(input: Tensor, [h]: readonly Tensor[], kernel: Tensor): readonly Tensor[] {
    const { units } = this;
    const gate = (x: Tensor) => activate(this.recurrentActivation, x);
    const [z, r, candidate] = split(input, 3, 1) as [Tensor, Tensor, Tensor];
    const between = (keep: Tensor, next: Tensor) => [add(mul(keep, h!), mul(sub(1, keep), next))];
    if (this.resetAfter) {
      const bias = this.#biasRow(1);
      const own = split(matMul(h!, kernel, false, false, bias ? { bias } : {}), 3, 1) as (typeof kernel)[];
      const [keep, forget] = [gate(add(z, own[0]!)), gate(add(r, own[1]!))];
      return between(keep, activate(this.activation, add(candidate, mul(forget, own[2]!))));
    }
    const columns = (first: number, count: number) =>
      slice(kernel, [0, first * units], [units, count * units]);
    const [keptPart, forgetPart] = split(matMul(h!, columns(0, 2)), 2, 1) as [Tensor, Tensor];
    const [keep, forget] = [gate(add(z, keptPart)), gate(add(r, forgetPart))];
    const next = matMul(mul(forget, h!), columns(2, 1), false, false, { residual: candidate });
    return between(keep, activate(this.activation, next));
  }

  #biasRow(row: number): Tensor | undefined {
    if (!this.bias) return undefined;
    const columns = 3 * this.units;
    return reshape(slice(this.read(this.bias), [row, 0], [1, columns]), [columns]);
  }
}
