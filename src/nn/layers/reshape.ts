/** Reshape: each sample in another shape. */
import type { Tensor } from '../../autograd/tensor.ts';
import { reshape } from '../../ops/reshape.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape, sizeOf } from '../../values/shape.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export interface ReshapeOptions extends LayerOptions {
  /** Of one sample; one size may be -1: what is left. */
  targetShape: Shape;
}

export class Reshape extends Layer {
  readonly targetShape: Shape;

  constructor(options: ReshapeOptions) {
    super('reshape', options, ['targetShape']);
    const target: unknown = options.targetShape;
    const isSize = (size: unknown) => Number.isInteger(size) && ((size as number) > 0 || size === -1);
    if (!Array.isArray(target) || !target.every(isSize) || target.indexOf(-1) !== target.lastIndexOf(-1)) {
      throw new ArgumentError(
        `${this.name}: targetShape ${show(target)}; use a list of whole numbers from 1 on, -1 once at most`,
      );
    }
    this.targetShape = target;
  }

  outputShape(sample: Shape): Shape {
    const known = sizeOf(this.targetShape.filter((size) => size !== -1));
    const rest = sizeOf(sample) / known;
    if (Number.isNaN(rest)) return this.targetShape.map((size) => (size === -1 ? rest : size));
    const wanted = this.targetShape.map((size) => (size === -1 ? rest : size));
    if (Number.isInteger(rest) && sizeOf(wanted) === sizeOf(sample)) return wanted;
    throw new ShapeError(
      `${this.name}: samples are ${showShape(sample)} of ${sizeOf(sample)} elements, targetShape is ${showShape(this.targetShape)}`,
    );
  }

  protected call(x: Tensor): Tensor {
    return reshape(x, [x.shape[0]!, ...this.outputShape(x.shape.slice(1))]);
  }
}
