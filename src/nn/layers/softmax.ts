/** Softmax: e^x / sum of e^x along an axis, without the elements that a mask of the input's axes leaves out. */
import type { Tensor } from '../../autograd/tensor.ts';
import { softmax } from '../../ops/softmax.ts';
import { where } from '../../ops/where.ts';
import { normaliseAxes, type Shape } from '../../values/shape.ts';
import { checkNumber } from '../checks.ts';
import type { CallOptions, LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface SoftmaxOptions extends LayerOptions {
  /** Counted with the batch as axis 0. Default -1. */
  axis?: number;
}

/** What stands for minus infinity, as in Keras: a row that is masked as a whole stays finite. */
const LOWEST = { float32: -1e9, float16: -3e4 } as const;

export class Softmax extends ElementwiseLayer {
  readonly axis: number;

  constructor(options: SoftmaxOptions = {}) {
    super('softmax', options, ['axis']);
    this.axis = checkNumber(this.name, 'axis', options.axis ?? -1);
  }

  override outputShape(sample: Shape): Shape {
    normaliseAxes(this.name, this.axis, sample.length + 1);
    return sample;
  }

  protected call(x: Tensor, { mask }: CallOptions): Tensor {
    // A mask of steps that comes with the input says nothing about the elements along the axis.
    const kept = mask?.rank === x.rank ? where(mask, x, LOWEST[this.policy.computeDtype]) : x;
    return softmax(kept, this.axis);
  }
}
