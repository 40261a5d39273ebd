/** Flatten: each sample as one row. */
import type { Tensor } from '../../autograd/tensor.ts';
import { reshape } from '../../ops/reshape.ts';
import { type Shape, sizeOf } from '../../values/shape.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export class Flatten extends Layer {
  constructor(options: LayerOptions = {}) {
    super('flatten', options, []);
  }

  outputShape(sample: Shape): Shape {
    return [sizeOf(sample)];
  }

  protected call(x: Tensor): Tensor {
    return reshape(x, [x.shape[0]!, sizeOf(x.shape.slice(1))]);
  }
}
