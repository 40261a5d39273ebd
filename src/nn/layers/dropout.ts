/** Dropout: in training, elements set to 0 at random and the rest scaled up; SpatialDropout does so with whole channels. */
import type { Tensor } from '../../autograd/tensor.ts';
import { add } from '../../ops/add.ts';
import { greater } from '../../ops/compare.ts';
import { ones } from '../../ops/creation.ts';
import { dropout } from '../../ops/dropout.ts';
import { mul } from '../../ops/mul.ts';
import { where } from '../../ops/where.ts';
import { show } from '../../values/dtype.ts';
import { ArgumentError, ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { checkRate, checkSampleRank } from '../checks.ts';
import type { CallOptions, LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

/** A size for each axis, the batch's included; null for the input's own. */
type NoiseShape = readonly (number | null)[];

export interface RateOptions extends LayerOptions {
  /** Share of elements set to 0, from 0 to below 1. */
  rate: number;
}

export interface DropoutOptions extends RateOptions {
  /** Shape of the noise: along axes of size 1 all elements live or fall together. Default: the input's. */
  noiseShape?: NoiseShape;
}

/** Of a rate and the shape of a noise. */
abstract class Noisy extends ElementwiseLayer {
  readonly rate: number;
  protected readonly noise: NoiseShape | undefined;

  constructor(kind: string, options: DropoutOptions) {
    super(kind, options, ['rate', 'noiseShape']);
    this.rate = checkRate(this.name, options.rate);
    this.noise = checkNoiseShape(this.name, options.noiseShape);
  }

  override outputShape(sample: Shape): Shape {
    const { noise } = this;
    const fits = (size: number | null, axis: number) =>
      size === null || size === 1 || axis === 0 || size === sample[axis - 1];
    if (!noise || (noise.length === sample.length + 1 && noise.every(fits))) return sample;
    throw new ShapeError(
      `${this.name}: noiseShape ${show(noise)} for samples ${showShape(sample)}; give null, 1 or its own size for each axis, the batch's first`,
    );
  }
}

export class Dropout extends Noisy {
  constructor(options: DropoutOptions) {
    super('dropout', options);
  }

  protected call(x: Tensor, { training }: CallOptions): Tensor {
    if (!training) return x;
    return this.noise ? dropoutBy(x, this.rate, this.noise) : dropout(x, this.rate);
  }
}

abstract class SpatialDropout extends ElementwiseLayer {
  readonly rate: number;
  protected abstract readonly axes: number;

  constructor(kind: string, options: RateOptions) {
    super(kind, options, ['rate']);
    this.rate = checkRate(this.name, options.rate);
  }

  override outputShape(sample: Shape): Shape {
    checkSampleRank(this.name, sample, this.axes);
    return sample;
  }

  protected call(x: Tensor, { training }: CallOptions): Tensor {
    const shared = Array<number>(this.axes).fill(1);
    return training && this.rate > 0 ? dropoutBy(x, this.rate, [null, ...shared, null]) : x;
  }
}

/** Of (n, steps, channels): all steps of a channel fall together. */
export class SpatialDropout1D extends SpatialDropout {
  protected readonly axes = 1;

  constructor(options: RateOptions) {
    super('spatialDropout1d', options);
  }
}

/** Of (n, height, width, channels): a channel falls as a whole. */
export class SpatialDropout2D extends SpatialDropout {
  protected readonly axes = 2;

  constructor(options: RateOptions) {
    super('spatialDropout2d', options);
  }
}

/** Of (n, depth, height, width, channels): a channel falls as a whole. */
export class SpatialDropout3D extends SpatialDropout {
  protected readonly axes = 3;

  constructor(options: RateOptions) {
    super('spatialDropout3d', options);
  }
}

/** -scale alpha of SELU: what it comes to far below 0. */
const SELU_LEAST = -1.7580993408473766;

/**
 * In training, elements set to SELU's least value at random, and all of them brought back to their mean and variance (Klambauer et al. 2017,
 * section 2).
 */
export class AlphaDropout extends Noisy {
  constructor(options: DropoutOptions) {
    super('alphaDropout', options);
  }

  protected call(x: Tensor, { training }: CallOptions): Tensor {
    const { rate } = this;
    if (!training || rate === 0) return x;
    const shape = this.noise ?? x.shape;
    const kept = greater(dropoutBy(ones(x.shape, x.dtype, { engine: x.engine }), rate, shape), 0);
    const a = 1 / Math.sqrt((1 - rate) * (1 + rate * SELU_LEAST ** 2));
    return add(mul(where(kept, x, SELU_LEAST), a), -a * SELU_LEAST * rate);
  }
}

/** Elements that share a place in a noise of this shape live or fall together. */
export function dropoutBy(x: Tensor, rate: number, noiseShape: NoiseShape): Tensor {
  const shape = noiseShape.map((size, axis) => size ?? x.shape[axis]!);
  return mul(x, dropout(ones(shape, x.dtype, { engine: x.engine }), rate));
}

function checkNoiseShape(name: string, given: unknown): NoiseShape | undefined {
  if (given === undefined) return undefined;
  const isSize = (size: unknown) => size === null || (Number.isInteger(size) && (size as number) > 0);
  if (Array.isArray(given) && given.every(isSize)) return given;
  throw new ArgumentError(
    `${name}: noiseShape ${show(given)}; use a list of sizes, null for the input's own`,
  );
}
