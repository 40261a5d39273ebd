/** Adadelta (Zeiler 2012): steps of the size of those before, by the root of the running mean of squared gradients. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { checkEpsilon, checkShare } from './checks.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

export interface AdadeltaOptions extends OptimizerOptions {
  /** Share of the means that a step keeps. Default 0.95. */
  rho?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

export class Adadelta extends Optimizer {
  readonly rho: number;
  readonly epsilon: number;

  /** Default learning rate 0.001. Throws `ArgumentError`. */
  constructor(options: AdadeltaOptions = {}) {
    super('Adadelta', options.learningRate ?? 0.001, options, ['rho', 'epsilon']);
    this.rho = checkShare('Adadelta', 'rho', options.rho ?? 0.95);
    this.epsilon = checkEpsilon('Adadelta', options.epsilon ?? 1e-7);
  }

  protected get slotNames(): readonly string[] {
    return ['accumulatedGradient', 'accumulatedDelta'];
  }

  protected override get rootEpsilon(): number {
    return this.epsilon;
  }

  protected update(target: UpdateTarget, [accumulatedGradient, accumulatedDelta]: readonly Tensor[]): void {
    const { rho, epsilon } = this;
    updateKernel('adadelta', target, { accumulatedGradient, accumulatedDelta }, { rho, epsilon });
  }

  getConfig(): Record<string, unknown> {
    const { name, rho, epsilon } = this;
    return { name, ...this.shared, rho, epsilon };
  }
}
