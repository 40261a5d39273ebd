/** MaxPooling and AveragePooling of steps, images or volumes: one value for each window. */
import type { Tensor } from '../../autograd/tensor.ts';
import { avgPool, maxPool } from '../../ops/pool.ts';
import { avgPool3d, maxPool3d } from '../../ops/pool3d.ts';
import { reshape } from '../../ops/reshape.ts';
import type { Shape } from '../../values/shape.ts';
import { type Pair, positionsOf, type Triple } from '../../values/window.ts';
import { checkOneOf, checkSampleRank, checkWindowSize } from '../checks.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export interface PoolingOptions<Size> extends LayerOptions {
  /** Of the window. Default 2. */
  poolSize?: Size;
  /** Default: the size of the window. */
  strides?: Size;
  /** Default `'valid'`. */
  padding?: 'valid' | 'same';
}

type Pool<Sizes> = (x: Tensor, size: Sizes, strides: Sizes, pad: 'valid' | 'same') => Tensor;

abstract class Pooling<Sizes extends readonly number[] = Pair> extends Layer {
  readonly poolSize: Sizes;
  readonly strides: Sizes;
  readonly padding: 'valid' | 'same';
  readonly #axes: 1 | 2 | 3;
  readonly #pool: Pool<Sizes>;

  constructor(kind: string, axes: 1 | 2 | 3, pool: Pool<Sizes>, options: PoolingOptions<unknown>) {
    super(kind, options, ['poolSize', 'strides', 'padding']);
    this.#axes = axes;
    this.#pool = pool;
    const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
    this.poolSize = checkWindowSize(this.name, 'poolSize', poolSize, axes) as unknown as Sizes;
    this.strides = checkWindowSize(this.name, 'strides', strides, axes) as unknown as Sizes;
    this.padding = checkOneOf(this.name, 'padding', padding, ['valid', 'same']);
  }

  /** Sizes as lists, of one for steps. */
  override getConfig(): Record<string, unknown> {
    const own = (sizes: Sizes) => sizes.slice(-this.#axes);
    return { ...super.getConfig(), poolSize: own(this.poolSize), strides: own(this.strides) };
  }

  outputShape(sample: Shape): Shape {
    checkSampleRank(this.name, sample, this.#axes);
    const sizes = this.#axes === 1 ? [1, sample[0]!] : sample.slice(0, -1);
    const positions = positionsOf(this.name, sizes, this.poolSize, {
      ...{ strides: this.strides, dilations: sizes.map(() => 1), pad: this.padding },
    });
    return [...positions.slice(-this.#axes), sample.at(-1)!];
  }

  protected call(x: Tensor): Tensor {
    const [batch, ...sample] = x.shape as [number, ...number[]];
    const images = this.#axes === 1 ? reshape(x, [batch, 1, ...sample]) : x;
    const y = this.#pool(images, this.poolSize, this.strides, this.padding);
    return reshape(y, [batch, ...this.outputShape(sample)]);
  }
}

type Steps = PoolingOptions<number | readonly [number]>;
type Images = PoolingOptions<number | Pair>;

/** (steps, channels) to (positions, channels). */
export class MaxPooling1D extends Pooling {
  constructor(options: Steps = {}) {
    super('maxPooling1d', 1, maxPool, options);
  }
}

/** (height, width, channels) to (rows, columns, channels). */
export class MaxPooling2D extends Pooling {
  constructor(options: Images = {}) {
    super('maxPooling2d', 2, maxPool, options);
  }
}

/** (steps, channels) to (positions, channels); padding does not count. */
export class AveragePooling1D extends Pooling {
  constructor(options: Steps = {}) {
    super('averagePooling1d', 1, avgPool, options);
  }
}

/** (height, width, channels) to (rows, columns, channels); padding does not count. */
export class AveragePooling2D extends Pooling {
  constructor(options: Images = {}) {
    super('averagePooling2d', 2, avgPool, options);
  }
}

type Volumes = PoolingOptions<number | Triple>;

/** (depth, height, width, channels) to (slices, rows, columns, channels). */
export class MaxPooling3D extends Pooling<Triple> {
  constructor(options: Volumes = {}) {
    super('maxPooling3d', 3, maxPool3d, options);
  }
}

/** (depth, height, width, channels) to (slices, rows, columns, channels); padding does not count. */
export class AveragePooling3D extends Pooling<Triple> {
  constructor(options: Volumes = {}) {
    super('averagePooling3d', 3, avgPool3d, options);
  }
}
