/** Masking: steps whose features all have one value are set to 0 and count no more. */
import type { Tensor } from '../../autograd/tensor.ts';
import { cast } from '../../ops/cast.ts';
import { greater, notEqual } from '../../ops/compare.ts';
import { mul } from '../../ops/mul.ts';
import { sum } from '../../ops/sum.ts';
import { checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface MaskingOptions extends LayerOptions {
  /** Default 0. */
  maskValue?: number;
}

export class Masking extends ElementwiseLayer {
  readonly maskValue: number;

  constructor(options: MaskingOptions = {}) {
    super('masking', options, ['maskValue']);
    this.maskValue = checkNumber(this.name, 'maskValue', options.maskValue ?? 0);
  }

  override computeMask(x: Tensor): Tensor {
    return this.#counts(x, false);
  }

  protected call(x: Tensor): Tensor {
    return mul(x, cast(this.#counts(x, true), x.dtype));
  }

  #counts(x: Tensor, keepDims: boolean): Tensor {
    return greater(sum(cast(notEqual(x, this.maskValue), 'float32'), -1, keepDims), 0);
  }
}
