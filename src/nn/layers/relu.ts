/** ReLU: x from a threshold on, cut at a largest value; below the threshold a slope. */
import type { Tensor } from '../../autograd/tensor.ts';
import { greaterEqual } from '../../ops/compare.ts';
import { leakyRelu } from '../../ops/leaky-relu.ts';
import { minimum } from '../../ops/minimum.ts';
import { mul } from '../../ops/mul.ts';
import { relu } from '../../ops/relu.ts';
import { relu6 } from '../../ops/relu6.ts';
import { sub } from '../../ops/sub.ts';
import { where } from '../../ops/where.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface ReLUOptions extends LayerOptions {
  /** Default: none. */
  maxValue?: number;
  /** Of (x - threshold), below the threshold. Default 0. */
  negativeSlope?: number;
  /** Default 0. */
  threshold?: number;
}

export class ReLU extends ElementwiseLayer {
  readonly maxValue: number | undefined;
  readonly negativeSlope: number;
  readonly threshold: number;

  constructor(options: ReLUOptions = {}) {
    super('reLU', options, ['maxValue', 'negativeSlope', 'threshold']);
    const { maxValue, negativeSlope = 0, threshold = 0 } = options;
    for (const [name, value] of Object.entries({ maxValue: maxValue ?? 0, negativeSlope, threshold })) {
      if (checkNumber(this.name, name, value) < 0)
        throw new ArgumentError(`${this.name}: ${name} ${show(value)}; use a number from 0 on`);
    }
    this.maxValue = maxValue;
    this.negativeSlope = negativeSlope;
    this.threshold = threshold;
  }

  protected call(x: Tensor): Tensor {
    if (this.maxValue === 6 && this.threshold === 0 && this.negativeSlope === 0) return relu6(x);
    const rectified = this.#rectified(x);
    return this.maxValue === undefined ? rectified : minimum(rectified, this.maxValue);
  }

  #rectified(x: Tensor): Tensor {
    const { negativeSlope, threshold } = this;
    if (threshold === 0) return negativeSlope === 0 ? relu(x) : leakyRelu(x, negativeSlope);
    const below = negativeSlope === 0 ? 0 : mul(sub(x, threshold), negativeSlope);
    return where(greaterEqual(x, threshold), x, below);
  }
}
