/** RepeatVector: each sample n times, (features) to (n, features). */
import type { Tensor } from '../../autograd/tensor.ts';
import { reshape } from '../../ops/reshape.ts';
import { broadcastTo } from '../../ops/sum.ts';
import { ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { checkCount } from '../checks.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export interface RepeatVectorOptions extends LayerOptions {
  n: number;
}

export class RepeatVector extends Layer {
  readonly n: number;

  constructor(options: RepeatVectorOptions) {
    super('repeatVector', options, ['n']);
    this.n = checkCount(this.name, 'n', options.n);
  }

  outputShape(sample: Shape): Shape {
    if (sample.length !== 1)
      throw new ShapeError(`${this.name}: samples are ${showShape(sample)}; use (features)`);
    return [this.n, ...sample];
  }

  protected call(x: Tensor): Tensor {
    const [batch, features] = x.shape as [number, number];
    return broadcastTo(reshape(x, [batch, 1, features]), [batch, this.n, features]);
  }
}
