/** GaussianNoise and GaussianDropout: in training, normal noise added to each element, or multiplied with it. */
import type { Tensor } from '../../autograd/tensor.ts';
import { add } from '../../ops/add.ts';
import { randomNormal } from '../../ops/creation.ts';
import { mul } from '../../ops/mul.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkNumber, checkRate } from '../checks.ts';
import type { CallOptions, LayerOptions } from '../layer.ts';
import type { RateOptions } from './dropout.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface GaussianNoiseOptions extends LayerOptions {
  /** Standard deviation of the noise. */
  stddev: number;
}

export class GaussianNoise extends ElementwiseLayer {
  readonly stddev: number;

  constructor(options: GaussianNoiseOptions) {
    super('gaussianNoise', options, ['stddev']);
    this.stddev = checkNumber(this.name, 'stddev', options.stddev);
    if (this.stddev < 0)
      throw new ArgumentError(`${this.name}: stddev ${show(this.stddev)}; use a number from 0 on`);
  }

  protected call(x: Tensor, { training }: CallOptions): Tensor {
    return training && this.stddev > 0 ? add(x, noise(x, 0, this.stddev)) : x;
  }
}

/** The noise has the mean 1 and the variance that dropout of this rate has (Srivastava et al. 2014). */
export class GaussianDropout extends ElementwiseLayer {
  readonly rate: number;

  constructor(options: RateOptions) {
    super('gaussianDropout', options, ['rate']);
    this.rate = checkRate(this.name, options.rate);
  }

  protected call(x: Tensor, { training }: CallOptions): Tensor {
    if (!training || this.rate === 0) return x;
    return mul(x, noise(x, 1, Math.sqrt(this.rate / (1 - this.rate))));
  }
}

function noise({ shape, dtype, engine }: Tensor, mean: number, deviation: number): Tensor {
  return randomNormal(shape, mean, deviation, dtype, { engine });
}
