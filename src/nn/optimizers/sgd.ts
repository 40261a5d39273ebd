/** Stochastic gradient descent, with momentum and Nesterov's form of it, as Keras defines them. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkFlag, checkNumber } from '../checks.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

export interface SGDOptions extends OptimizerOptions {
  /** Default 0: none. */
  momentum?: number;
  /** Whether the step is by the momentum that the next one would have (Nesterov 1983). Default false. */
  nesterov?: boolean;
}

export class SGD extends Optimizer {
  readonly momentum: number;
  readonly nesterov: boolean;

  /** Default learning rate 0.01. Throws `ArgumentError`. */
  constructor(options: SGDOptions = {}) {
    super('SGD', options.learningRate ?? 0.01, options, ['momentum', 'nesterov']);
    this.momentum = checkNumber('SGD', 'momentum', options.momentum ?? 0);
    this.nesterov = checkFlag('SGD', 'nesterov', options.nesterov ?? false);
    if (!(this.momentum >= 0 && this.momentum <= 1)) {
      throw new ArgumentError(`SGD: momentum ${show(this.momentum)}; use a number from 0 to 1`);
    }
  }

  protected get slotNames(): readonly string[] {
    return this.momentum > 0 ? ['momentum'] : [];
  }

  protected update(target: UpdateTarget, [velocity]: readonly Tensor[]): void {
    const { momentum, nesterov } = this;
    const flags = { MOMENTUM: momentum > 0, NESTEROV: nesterov };
    updateKernel('sgd', target, { velocity: momentum > 0 ? velocity : undefined }, { momentum }, flags);
  }

  getConfig(): Record<string, unknown> {
    const { name, momentum, nesterov } = this;
    return { name, ...this.shared, momentum, nesterov };
  }
}
