/** MaxPooling and AveragePooling of steps or images: one value for each window. */
import type { Tensor } from '../../autograd/tensor.ts';
import { avgPool, maxPool } from '../../ops/pool.ts';
import { reshape } from '../../ops/reshape.ts';
import { ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { type Pair, windowOf } from '../../values/window.ts';
import { checkOneOf, checkWindowSize } from '../checks.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export interface PoolingOptions<Size> extends LayerOptions {
  /** Of the window. Default 2. */
  poolSize?: Size;
  /** Default: the size of the window. */
  strides?: Size;
  /** Default `'valid'`. */
  padding?: 'valid' | 'same';
}

type Pool = typeof maxPool;

abstract class Pooling extends Layer {
  readonly poolSize: Pair;
  readonly strides: Pair;
  readonly padding: 'valid' | 'same';
  readonly #axes: 1 | 2;
  readonly #pool: Pool;

  constructor(kind: string, axes: 1 | 2, pool: Pool, options: PoolingOptions<unknown>) {
    super(kind, options, ['poolSize', 'strides', 'padding']);
    this.#axes = axes;
    this.#pool = pool;
    const { poolSize = 2, strides = poolSize, padding = 'valid' } = options;
    this.poolSize = checkWindowSize(this.name, 'poolSize', poolSize, axes);
    this.strides = checkWindowSize(this.name, 'strides', strides, axes);
    this.padding = checkOneOf(this.name, 'padding', padding, ['valid', 'same']);
  }

  /** Sizes as lists, of one for steps. */
  override getConfig(): Record<string, unknown> {
    const own = (pair: Pair) => pair.slice(2 - this.#axes);
    return { ...super.getConfig(), poolSize: own(this.poolSize), strides: own(this.strides) };
  }

  outputShape(sample: Shape): Shape {
    if (sample.length !== this.#axes + 1) {
      throw new ShapeError(
        `${this.name}: samples are ${showShape(sample)}; use ${this.#axes === 1 ? '(steps, channels)' : '(height, width, channels)'}`,
      );
    }
    const image = (this.#axes === 1 ? [1, sample[0]!] : sample.slice(0, 2)) as [number, number];
    const { positions } = windowOf(this.name, image, this.poolSize, {
      ...{ strides: this.strides, pad: this.padding },
    });
    return [...positions.slice(2 - this.#axes), sample.at(-1)!];
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
