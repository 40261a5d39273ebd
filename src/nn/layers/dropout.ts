/** Dropout: in training, elements set to 0 at random and the rest scaled up. */
import type { Tensor } from '../../autograd/tensor.ts';
import { dropout } from '../../ops/dropout.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import { type CallOptions, Layer, type LayerOptions } from '../layer.ts';

export class Dropout extends Layer {
  readonly rate: number;

  /** `rate` is the share of elements set to 0, from 0 to below 1. */
  constructor(options: LayerOptions & { rate: number }) {
    super('dropout', options, ['rate']);
    if (!(options.rate >= 0 && options.rate < 1)) {
      throw new ArgumentError(`${this.name}: rate ${show(options.rate)}; use a number from 0 to below 1`);
    }
    this.rate = options.rate;
  }

  outputShape(sample: Shape): Shape {
    return sample;
  }

  protected call(x: Tensor, { training }: CallOptions): Tensor {
    return training ? dropout(x, this.rate) : x;
  }
}
