/** Lion (Chen et al. 2023): by the sign of a running mean, all weights by as much. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { checkBetas } from './checks.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

export interface LionOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.99. */
  beta2?: number;
}

export class Lion extends Optimizer {
  readonly beta1: number;
  readonly beta2: number;

  /** Default learning rate 0.001. Throws `ArgumentError`. */
  constructor(options: LionOptions = {}) {
    super('Lion', options.learningRate ?? 0.001, options, ['beta1', 'beta2']);
    [this.beta1, this.beta2] = checkBetas('Lion', options.beta1 ?? 0.9, options.beta2 ?? 0.99);
  }

  protected get slotNames(): readonly string[] {
    return ['momentum'];
  }

  protected update(target: UpdateTarget, [momentum]: readonly Tensor[]): void {
    const { beta1, beta2 } = this;
    updateKernel('lion', target, { momentum }, { beta1, beta2 });
  }

  getConfig(): Record<string, unknown> {
    const { name, beta1, beta2 } = this;
    return { name, ...this.shared, beta1, beta2 };
  }
}
