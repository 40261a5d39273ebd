/** Adamax (Kingma and Ba 2015): Adam by the largest gradient of late instead of the mean of squares. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { checkBetas, checkEpsilon } from './checks.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

export interface AdamaxOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

export class Adamax extends Optimizer {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  /** Default learning rate 0.001. Throws `ArgumentError`. */
  constructor(options: AdamaxOptions = {}) {
    super('Adamax', options.learningRate ?? 0.001, options, ['beta1', 'beta2', 'epsilon']);
    [this.beta1, this.beta2] = checkBetas('Adamax', options.beta1 ?? 0.9, options.beta2 ?? 0.999);
    this.epsilon = checkEpsilon('Adamax', options.epsilon ?? 1e-7);
  }

  protected get slotNames(): readonly string[] {
    return ['mean', 'norm'];
  }

  protected override get betas() {
    return { beta1: this.beta1, beta2: this.beta2 };
  }

  protected update(target: UpdateTarget, [mean, norm]: readonly Tensor[]): void {
    const { beta1, beta2, epsilon } = this;
    updateKernel('adamax', target, { mean, norm }, { beta1, beta2, epsilon });
  }

  getConfig(): Record<string, unknown> {
    const { name, beta1, beta2, epsilon } = this;
    return { name, ...this.shared, beta1, beta2, epsilon };
  }
}
