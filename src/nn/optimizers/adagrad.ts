/** Adagrad (Duchi, Hazan and Singer 2011): steps by the root of the sum of all squared gradients. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type UpdateTarget, updateKernel } from '../../kernels/optimizer.ts';
import { checkEpsilon } from './checks.ts';
import { Optimizer } from './optimizer.ts';
import type { OptimizerOptions } from './options.ts';

export interface AdagradOptions extends OptimizerOptions {
  /** What the sums begin with. Default 0.1. */
  initialAccumulatorValue?: number;
  /** Default 1e-7. */
  epsilon?: number;
}

export class Adagrad extends Optimizer {
  readonly initialAccumulatorValue: number;
  readonly epsilon: number;

  /** Default learning rate 0.001. Throws `ArgumentError`. */
  constructor(options: AdagradOptions = {}) {
    super('Adagrad', options.learningRate ?? 0.001, options, ['initialAccumulatorValue', 'epsilon']);
    const start = options.initialAccumulatorValue ?? 0.1;
    this.initialAccumulatorValue = checkEpsilon('Adagrad', start, 'initialAccumulatorValue');
    this.epsilon = checkEpsilon('Adagrad', options.epsilon ?? 1e-7);
  }

  protected get slotNames(): readonly string[] {
    return ['accumulator'];
  }

  protected override slotStart(name: string): number {
    return name === 'accumulator' ? this.initialAccumulatorValue : 0;
  }

  protected override get rootEpsilon(): number {
    return this.epsilon;
  }

  protected update(target: UpdateTarget, [accumulator]: readonly Tensor[]): void {
    updateKernel('adagrad', target, { accumulator }, { epsilon: this.epsilon });
  }

  getConfig(): Record<string, unknown> {
    const { name, initialAccumulatorValue, epsilon } = this;
    return { name, ...this.shared, initialAccumulatorValue, epsilon };
  }
}
