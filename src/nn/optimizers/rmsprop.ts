/** RMSprop (Hinton 2012) as Keras defines it: steps by the root of the running mean of squared gradients. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { checkFlag } from '../checks.ts';
import { checkEpsilon, checkShare } from './checks.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

export interface RMSpropOptions extends OptimizerOptions {
  /** Share of the mean that a step keeps. Default 0.9. */
  rho?: number;
  /** Default 0: none. */
  momentum?: number;
  /** Default 1e-7. */
  epsilon?: number;
  /** Whether the squared mean is taken off the mean of squares: by the variance. Default false. */
  centered?: boolean;
}

export class RMSprop extends Optimizer {
  readonly rho: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly centered: boolean;

  /** Default learning rate 0.001. Throws `ArgumentError`. */
  constructor(options: RMSpropOptions = {}) {
    super('RMSprop', options.learningRate ?? 0.001, options, ['rho', 'momentum', 'epsilon', 'centered']);
    this.rho = checkShare('RMSprop', 'rho', options.rho ?? 0.9);
    this.momentum = checkShare('RMSprop', 'momentum', options.momentum ?? 0);
    this.epsilon = checkEpsilon('RMSprop', options.epsilon ?? 1e-7);
    this.centered = checkFlag('RMSprop', 'centered', options.centered ?? false);
  }

  protected get slotNames(): readonly string[] {
    return [
      'velocity',
      ...(this.centered ? ['averageGradient'] : []),
      ...(this.momentum > 0 ? ['momentum'] : []),
    ];
  }

  protected override get rootEpsilon(): number {
    return this.epsilon;
  }

  protected update(target: UpdateTarget, [velocity, ...rest]: readonly Tensor[]): void {
    const { rho, momentum, epsilon, centered } = this;
    const mean = centered ? rest[0] : undefined;
    const accumulator = momentum > 0 ? rest[centered ? 1 : 0] : undefined;
    const flags = { CENTRED: centered, MOMENTUM: momentum > 0 };
    updateKernel('rmsprop', target, { velocity, mean, accumulator }, { rho, momentum, epsilon }, flags);
  }

  getConfig(): Record<string, unknown> {
    const { name, rho, momentum, epsilon, centered } = this;
    return { name, ...this.shared, rho, momentum, epsilon, centered };
  }
}
