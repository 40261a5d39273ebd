/** Permute: the axes of each sample in another order. */
import type { Tensor } from '../../autograd/tensor.ts';
import { transpose } from '../../ops/transpose.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export interface PermuteOptions extends LayerOptions {
  /** Each axis once, in the result's order, counted from 1: the batch stays axis 0. */
  dims: readonly number[];
}

export class Permute extends Layer {
  readonly dims: readonly number[];

  constructor(options: PermuteOptions) {
    super('permute', options, ['dims']);
    const { dims } = options;
    if (!Array.isArray(dims) || dims.some((_, axis) => !dims.includes(axis + 1)))
      throw new ArgumentError(`${this.name}: dims ${show(dims)}; name each axis once, from 1 on`);
    this.dims = dims;
  }

  outputShape(sample: Shape): Shape {
    if (sample.length === this.dims.length) return this.dims.map((axis) => sample[axis - 1]!);
    throw new ShapeError(
      `${this.name}: samples are ${showShape(sample)}, dims ${show(this.dims)}; name as many axes as there are`,
    );
  }

  protected call(x: Tensor): Tensor {
    return transpose(x, [0, ...this.dims]);
  }
}
