/** UpSampling1D, 2D and 3D: each step, pixel or voxel repeated, or pixels interpolated. */
import type { Tensor } from '../../autograd/tensor.ts';
import { reshape } from '../../ops/reshape.ts';
import { resizeBilinear, resizeNearestNeighbor } from '../../ops/resize.ts';
import { broadcastTo } from '../../ops/sum.ts';
import { ShapeError } from '../../values/errors.ts';
import { type Shape, showShape } from '../../values/shape.ts';
import { checkTriple, type Triple } from '../../values/window.ts';
import { checkCount, checkCounts, checkOneOf, checkSampleRank } from '../checks.ts';
import { Layer, type LayerOptions } from '../layer.ts';

export interface UpSampling1DOptions extends LayerOptions {
  /** Default 2. */
  size?: number;
}

/** (steps, channels) to (steps size, channels). */
export class UpSampling1D extends Layer {
  readonly size: number;

  constructor(options: UpSampling1DOptions = {}) {
    super('upSampling1d', options, ['size']);
    this.size = checkCount(this.name, 'size', options.size ?? 2);
  }

  outputShape(sample: Shape): Shape {
    checkSampleRank(this.name, sample, 1);
    return [sample[0]! * this.size, sample[1]!];
  }

  protected call(x: Tensor): Tensor {
    const [batch, steps, channels] = x.shape as [number, number, number];
    const repeated = broadcastTo(reshape(x, [batch, steps, 1, channels]), [
      batch,
      steps,
      this.size,
      channels,
    ]);
    return reshape(repeated, [batch, steps * this.size, channels]);
  }
}

export interface UpSampling2DOptions extends LayerOptions {
  /** One for rows and columns, or [rows, columns]. Default 2. */
  size?: number | readonly [rows: number, columns: number];
  /** Default `'nearest'`. */
  interpolation?: 'nearest' | 'bilinear';
}

/** (height, width, channels) to (height rows, width columns, channels). */
export class UpSampling2D extends Layer {
  readonly size: readonly number[];
  readonly interpolation: 'nearest' | 'bilinear';

  constructor(options: UpSampling2DOptions = {}) {
    super('upSampling2d', options, ['size', 'interpolation']);
    const { size = 2, interpolation = 'nearest' } = options;
    this.size = checkCounts(this.name, 'size', typeof size === 'number' ? [size, size] : size);
    if (this.size.length !== 2)
      throw new ShapeError(`${this.name}: size ${showShape(this.size)}; use [rows, columns]`);
    this.interpolation = checkOneOf(this.name, 'interpolation', interpolation, ['nearest', 'bilinear']);
  }

  outputShape(sample: Shape): Shape {
    checkSampleRank(this.name, sample, 2);
    return [sample[0]! * this.size[0]!, sample[1]! * this.size[1]!, sample[2]!];
  }

  protected call(x: Tensor): Tensor {
    const [, height, width] = x.shape as [number, number, number, number];
    const size = [height * this.size[0]!, width * this.size[1]!] as const;
    if (this.interpolation === 'nearest') return resizeNearestNeighbor(x, size);
    return resizeBilinear(x, size, false, true);
  }
}

export interface UpSampling3DOptions extends LayerOptions {
  /** One for all three, or [depth, rows, columns]. Default 2. */
  size?: number | Triple;
}

/** (depth, height, width, channels) to each size times its factor. */
export class UpSampling3D extends Layer {
  readonly size: Triple;

  constructor(options: UpSampling3DOptions = {}) {
    super('upSampling3d', options, ['size']);
    this.size = checkTriple(this.name, 'size', options.size ?? 2);
  }

  outputShape(sample: Shape): Shape {
    checkSampleRank(this.name, sample, 3);
    return sample.map((size, axis) => size * (this.size[axis] ?? 1));
  }

  protected call(x: Tensor): Tensor {
    const [batch, depth, height, width, channels] = x.shape as [number, number, number, number, number];
    const [deep, ...flat] = this.size;
    const [rows, columns] = [height * flat[0], width * flat[1]];
    const images = resizeNearestNeighbor(reshape(x, [batch * depth, height, width, channels]), [
      rows,
      columns,
    ]);
    const through = reshape(images, [batch, depth, 1, rows * columns * channels]);
    const repeated = broadcastTo(through, [batch, depth, deep, rows * columns * channels]);
    return reshape(repeated, [batch, depth * deep, rows, columns, channels]);
  }
}
