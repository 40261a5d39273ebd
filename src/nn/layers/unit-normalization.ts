/** UnitNormalization: vectors along axes brought to length 1. */
import type { Tensor } from '../../autograd/tensor.ts';
import { cast } from '../../ops/cast.ts';
import { div } from '../../ops/div.ts';
import { maximum } from '../../ops/maximum.ts';
import { sqrt } from '../../ops/sqrt.ts';
import { square } from '../../ops/square.ts';
import { sum } from '../../ops/sum.ts';
import { normaliseAxes, type Shape } from '../../values/shape.ts';
import { checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface UnitNormalizationOptions extends LayerOptions {
  /** The batch being axis 0. Default -1. */
  axis?: number | readonly number[];
}

/** Keras's: what is squared and below this counts as this. */
const LEAST = 1e-12;

export class UnitNormalization extends ElementwiseLayer {
  readonly axis: number | readonly number[];

  constructor(options: UnitNormalizationOptions = {}) {
    super('unitNormalization', options, ['axis']);
    this.axis = options.axis ?? -1;
    for (const axis of [this.axis].flat()) checkNumber(this.name, 'axis', axis);
  }

  override outputShape(sample: Shape): Shape {
    normaliseAxes(this.name, this.axis, sample.length + 1);
    return sample;
  }

  protected call(x: Tensor): Tensor {
    const wide = cast(x, 'float32');
    return cast(div(wide, sqrt(maximum(sum(square(wide), this.axis, true), LEAST))), x.dtype);
  }
}
