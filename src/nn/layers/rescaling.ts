/** Rescaling: x scale + offset, such as pixels to numbers from 0 to 1. */
import type { Tensor } from '../../autograd/tensor.ts';
import { add } from '../../ops/add.ts';
import { cast } from '../../ops/cast.ts';
import { tensor } from '../../ops/creation.ts';
import { mul } from '../../ops/mul.ts';
import { ShapeError } from '../../values/errors.ts';
import { mayEqual, type Shape, showShape } from '../../values/shape.ts';
import { checkNumber, checkNumbers } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

type Factor = number | readonly number[];

export interface RescalingOptions extends LayerOptions {
  /** One for all, or one for each channel. */
  scale: Factor;
  /** One for all, or one for each channel. Default 0. */
  offset?: Factor;
}

export class Rescaling extends ElementwiseLayer {
  readonly scale: Factor;
  readonly offset: Factor;

  constructor(options: RescalingOptions) {
    super('rescaling', options, ['scale', 'offset']);
    const checked = (name: string, value: unknown) =>
      Array.isArray(value) ? checkNumbers(this.name, name, value) : checkNumber(this.name, name, value);
    this.scale = checked('scale', options.scale);
    this.offset = checked('offset', options.offset ?? 0);
  }

  override outputShape(sample: Shape): Shape {
    for (const factor of [this.scale, this.offset])
      if (typeof factor !== 'number' && !mayEqual(sample.at(-1), factor.length))
        throw new ShapeError(
          `${this.name}: ${factor.length} factors for samples ${showShape(sample)}; use one, or one for each channel`,
        );
    return sample;
  }

  /** Integers become floats of the compute dtype. */
  protected call(x: Tensor): Tensor {
    const { computeDtype: dtype } = this.policy;
    const factor = (value: Factor) =>
      typeof value === 'number' ? value : tensor(value, { dtype, engine: x.engine });
    const wide = cast(x, dtype);
    const scaled = this.scale === 1 ? wide : mul(wide, factor(this.scale));
    return this.offset === 0 ? scaled : add(scaled, factor(this.offset));
  }
}
