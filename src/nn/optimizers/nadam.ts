/** Nadam (Dozat 2016) as Keras defines it: Adam with Nesterov's momentum, which grows over the first steps. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { checkBetas, checkEpsilon } from './checks.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

/** The momentum of step t is beta1 (1 - this^t / 2), as in the paper and in Keras. */
const MOMENTUM_DECAY = 0.96;

export interface NadamOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

export class Nadam extends Optimizer {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;

  /** Default learning rate 0.001. Throws `ArgumentError`. */
  constructor(options: NadamOptions = {}) {
    super('Nadam', options.learningRate ?? 0.001, options, ['beta1', 'beta2', 'epsilon']);
    [this.beta1, this.beta2] = checkBetas('Nadam', options.beta1 ?? 0.9, options.beta2 ?? 0.999);
    this.epsilon = checkEpsilon('Nadam', options.epsilon ?? 1e-7);
  }

  protected get slotNames(): readonly string[] {
    return ['mean', 'variance'];
  }

  protected override get rootEpsilon(): number {
    return this.epsilon;
  }

  protected override get betas() {
    return { beta1: this.beta1, beta2: this.beta2, momentumDecay: MOMENTUM_DECAY };
  }

  protected update(target: UpdateTarget, [mean, variance]: readonly Tensor[]): void {
    const { beta1, beta2, epsilon } = this;
    const numbers = { beta1, beta2, epsilon, momentumDecay: MOMENTUM_DECAY };
    updateKernel('nadam', target, { mean, variance }, numbers);
  }

  getConfig(): Record<string, unknown> {
    const { name, beta1, beta2, epsilon } = this;
    return { name, ...this.shared, beta1, beta2, epsilon };
  }
}
