/** Adam (Kingma and Ba 2015) with Keras's defaults and its placing of epsilon. */
import type { Tensor } from '../../autograd/tensor.ts';
import { adamKernel, type UpdateTarget } from '../../kernels/optimizer.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { Optimizer, type OptimizerOptions } from './optimizer.ts';

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

export class Adam extends Optimizer {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  protected readonly slotNames: readonly string[] = ['mean', 'variance'];

  /** Default learning rate 0.001. Throws `ArgumentError`. */
  constructor(options: AdamOptions = {}) {
    super('Adam', options.learningRate ?? 0.001, options, ['beta1', 'beta2', 'epsilon']);
    this.beta1 = options.beta1 ?? 0.9;
    this.beta2 = options.beta2 ?? 0.999;
    this.epsilon = options.epsilon ?? 1e-7;
    for (const [name, beta] of Object.entries({ beta1: this.beta1, beta2: this.beta2 })) {
      if (!(beta >= 0 && beta < 1))
        throw new ArgumentError(`Adam: ${name} ${show(beta)}; use a number from 0 to below 1`);
    }
    if (!(this.epsilon >= 0))
      throw new ArgumentError(`Adam: epsilon ${show(this.epsilon)}; use a number from 0 on`);
  }

  protected override get betas(): { beta1: number; beta2: number } {
    return { beta1: this.beta1, beta2: this.beta2 };
  }

  protected update(target: UpdateTarget, [mean, variance]: readonly Tensor[]): void {
    const { beta1, beta2, epsilon } = this;
    adamKernel(target, mean!, variance!, { beta1, beta2, epsilon });
  }

  getConfig(): Record<string, unknown> {
    const { name, learningRate, beta1, beta2, epsilon } = this;
    return { name, learningRate, beta1, beta2, epsilon, ...this.clipping };
  }
}

export function adam(options?: AdamOptions): Adam {
  return new Adam(options);
}
