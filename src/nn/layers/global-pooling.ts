/** Global pooling: one value for each channel of all steps, of an image or of a volume. */
import type { Tensor } from '../../autograd/tensor.ts';
import { cast } from '../../ops/cast.ts';
import { div } from '../../ops/div.ts';
import { max } from '../../ops/max.ts';
import { mean } from '../../ops/mean.ts';
import { mul } from '../../ops/mul.ts';
import { reshape } from '../../ops/reshape.ts';
import { sum } from '../../ops/sum.ts';
import type { Shape } from '../../values/shape.ts';
import { checkFlag, checkSampleRank } from '../checks.ts';
import { type CallOptions, Layer, type LayerOptions } from '../layer.ts';

export interface GlobalPoolingOptions extends LayerOptions {
  /** Whether the axes stay, with size 1. Default false. */
  keepDims?: boolean;
}

abstract class GlobalPooling extends Layer {
  readonly keepDims: boolean;
  protected readonly axes: readonly number[];

  constructor(kind: string, axes: readonly number[], options: GlobalPoolingOptions) {
    super(kind, options, ['keepDims']);
    this.axes = axes;
    this.keepDims = checkFlag(this.name, 'keepDims', options.keepDims ?? false);
  }

  outputShape(sample: Shape): Shape {
    checkSampleRank(this.name, sample, this.axes.length);
    return this.keepDims ? [...this.axes.map(() => 1), sample.at(-1)!] : [sample.at(-1)!];
  }
}

class GlobalAverage extends GlobalPooling {
  protected call(x: Tensor, { mask }: CallOptions): Tensor {
    if (!mask) return mean(x, this.axes, this.keepDims);
    // Steps that do not count are left out of sum and count; in f32, as a sum of many halves needs.
    const counted = reshape(cast(mask, 'float32'), [...mask.shape, 1]);
    const total = sum(mul(cast(x, 'float32'), counted), 1, this.keepDims);
    return cast(div(total, sum(counted, 1, this.keepDims)), x.dtype);
  }
}

class GlobalMax extends GlobalPooling {
  protected call(x: Tensor): Tensor {
    return max(x, this.axes, this.keepDims);
  }
}

/** The mean of (steps, channels) over the steps that count: (channels). */
export class GlobalAveragePooling1D extends GlobalAverage {
  constructor(options: GlobalPoolingOptions = {}) {
    super('globalAveragePooling1d', [1], options);
  }
}

/** The mean of (height, width, channels): (channels). */
export class GlobalAveragePooling2D extends GlobalAverage {
  constructor(options: GlobalPoolingOptions = {}) {
    super('globalAveragePooling2d', [1, 2], options);
  }
}

/** The largest value of (steps, channels): (channels). */
export class GlobalMaxPooling1D extends GlobalMax {
  constructor(options: GlobalPoolingOptions = {}) {
    super('globalMaxPooling1d', [1], options);
  }
}

/** The largest value of (height, width, channels): (channels). */
export class GlobalMaxPooling2D extends GlobalMax {
  constructor(options: GlobalPoolingOptions = {}) {
    super('globalMaxPooling2d', [1, 2], options);
  }
}

/** The mean of (depth, height, width, channels): (channels). */
export class GlobalAveragePooling3D extends GlobalAverage {
  constructor(options: GlobalPoolingOptions = {}) {
    super('globalAveragePooling3d', [1, 2, 3], options);
  }
}

/** The largest value of (depth, height, width, channels): (channels). */
export class GlobalMaxPooling3D extends GlobalMax {
  constructor(options: GlobalPoolingOptions = {}) {
    super('globalMaxPooling3d', [1, 2, 3], options);
  }
}
