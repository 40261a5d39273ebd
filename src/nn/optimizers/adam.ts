/** Adam (Kingma and Ba 2015) with Keras's defaults and its placing of epsilon, and AdamW, the same with weight decay. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { checkFlag } from '../checks.ts';
import { checkBetas, checkEpsilon } from './checks.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

export interface AdamOptions extends OptimizerOptions {
  /** Default 0.9. */
  beta1?: number;
  /** Default 0.999. */
  beta2?: number;
  /** Default 1e-7. */
  epsilon?: number;
  /** Whether the largest variance there was is divided by (Reddi, Kale and Kumar 2018). Default false. */
  amsgrad?: boolean;
}

export class Adam extends Optimizer {
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly amsgrad: boolean;

  /** Default learning rate 0.001. Throws `ArgumentError`. */
  constructor(options: AdamOptions = {}, kind = 'Adam') {
    super(kind, options.learningRate ?? 0.001, options, ['beta1', 'beta2', 'epsilon', 'amsgrad']);
    [this.beta1, this.beta2] = checkBetas(kind, options.beta1 ?? 0.9, options.beta2 ?? 0.999);
    this.epsilon = checkEpsilon(kind, options.epsilon ?? 1e-7);
    this.amsgrad = checkFlag(kind, 'amsgrad', options.amsgrad ?? false);
  }

  protected get slotNames(): readonly string[] {
    return this.amsgrad ? ['mean', 'variance', 'largest'] : ['mean', 'variance'];
  }

  protected override get rootEpsilon(): number {
    return this.epsilon;
  }

  protected override get betas(): { beta1: number; beta2: number } {
    return { beta1: this.beta1, beta2: this.beta2 };
  }

  protected update(target: UpdateTarget, [mean, variance, largest]: readonly Tensor[]): void {
    const { beta1, beta2, epsilon, amsgrad } = this;
    const slots = { mean, variance, largest: amsgrad ? largest : undefined };
    updateKernel('adam', target, slots, { beta1, beta2, epsilon }, { AMSGRAD: amsgrad });
  }

  getConfig(): Record<string, unknown> {
    const { name, beta1, beta2, epsilon, amsgrad } = this;
    return { name, ...this.shared, beta1, beta2, epsilon, ...(amsgrad ? { amsgrad } : {}) };
  }
}

/** Adam with a weight decay of 0.004 by default, which is taken off the weights themselves (Loshchilov and Hutter 2019). */
export class AdamW extends Adam {
  constructor(options: AdamOptions = {}) {
    super({ ...options, weightDecay: options.weightDecay ?? 0.004 }, 'AdamW');
  }
}
