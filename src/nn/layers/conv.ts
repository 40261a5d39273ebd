/** Conv1D, Conv2D and Conv3D: a window that slides over steps, images or volumes. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { conv2d } from '../../ops/conv2d.ts';
import { conv3d } from '../../ops/conv3d.ts';
import { reshape } from '../../ops/reshape.ts';
import { ShapeError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import type { Padding, Pair, Triple } from '../../values/window.ts';
import { checkCount } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { ConvolutionLayer, type ConvolutionOptions } from './convolution.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface FilterOptions<Size, P extends string>
  extends ConvolutionOptions<Size, P>,
    WeightRuleOptions<'kernel'> {
  /** Channels of the result. */
  filters: number;
  /** Default `'glorotUniform'`. */
  kernelInitializer?: InitialiserLike;
}

export interface ConvOptions<Size, P extends string> extends FilterOptions<Size, P> {
  /** Groups of channels that are convolved apart from each other. Default 1. */
  groups?: number;
}

abstract class Conv<Sizes extends readonly number[] = Pair> extends ConvolutionLayer<
  'valid' | 'same' | 'causal',
  Sizes
> {
  readonly filters: number;
  readonly groups: number;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'kernel'>;
  #kernel: Variable | undefined;

  constructor(
    kind: string,
    axes: 1 | 2 | 3,
    options: ConvOptions<unknown, string>,
    paddings: readonly ('valid' | 'same' | 'causal')[],
  ) {
    super(
      kind,
      axes,
      options,
      ['filters', 'groups', 'kernelInitializer', ...ruleNames(['kernel'])],
      paddings,
    );
    this.filters = checkCount(this.name, 'filters', options.filters);
    this.groups = checkCount(this.name, 'groups', options.groups ?? 1);
    this.#initialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#rules = weightRules(this.name, options, ['kernel']);
  }

  outputShape(sample: Shape): Shape {
    const { channels } = this.sizesOf(sample);
    if (channels % this.groups !== 0 || this.filters % this.groups !== 0) {
      throw new ShapeError(
        `${this.name}: ${this.groups} groups of ${channels} channels and ${this.filters} filters; use a divisor of both`,
      );
    }
    return this.windowed(sample, this.filters);
  }

  protected override create(sample: Shape): void {
    const { channels } = this.sizesOf(sample);
    const shape = [...this.kernelSize.slice(-this.axes), channels / this.groups, this.filters];
    this.#kernel = this.addWeight('kernel', shape, this.#initialiser, this.#rules.kernel);
    this.addBias(this.filters);
  }

  /** Each value of an image went into as many sums as a window has places, for each filter. */
  protected override get gradientFactor(): Factor {
    const { values } = this.#kernel!;
    return { weight: values, terms: values.size / values.shape.at(-2)! };
  }

  /** What the op does with the samples and the kernel, as they lie. */
  protected abstract convolve(x: Tensor, kernel: Tensor): Tensor;

  protected call(x: Tensor): Tensor {
    return this.finish(this.convolve(x, this.read(this.#kernel!)));
  }
}

/** Steps are images one pixel high. */
abstract class FlatConv extends Conv {
  protected convolve(x: Tensor, kernel: Tensor): Tensor {
    const [batch, ...sample] = x.shape as [number, ...number[]];
    const { image, channels } = this.sizesOf(sample);
    const filter = [...this.kernelSize, channels / this.groups, this.filters];
    const y = conv2d(
      reshape(x, [batch, ...image, channels]),
      reshape(kernel, filter),
      this.strides,
      this.pad as Padding,
      { dilations: this.dilationRate, groups: this.groups, ...this.fused },
    );
    return reshape(y, [batch, ...this.outputShape(sample)]);
  }
}

/** (steps, channels) to (positions, filters). Weights: kernel (size, channels / groups, filters), bias (filters). */
export class Conv1D extends FlatConv {
  constructor(options: ConvOptions<number | readonly [number], 'valid' | 'same' | 'causal'>) {
    super('conv1d', 1, options, ['valid', 'same', 'causal']);
  }
}

/** (height, width, channels) to (rows, columns, filters). Weights: kernel (height, width, channels / groups, filters), bias (filters). */
export class Conv2D extends FlatConv {
  constructor(options: ConvOptions<number | Pair, 'valid' | 'same'>) {
    super('conv2d', 2, options, ['valid', 'same']);
  }
}

/**
 * (depth, height, width, channels) to (slices, rows, columns, filters). Weights: kernel (depth, height, width, channels / groups, filters), bias
 * (filters).
 */
export class Conv3D extends Conv<Triple> {
  constructor(options: ConvOptions<number | Triple, 'valid' | 'same'>) {
    super('conv3d', 3, options, ['valid', 'same']);
  }

  protected convolve(x: Tensor, kernel: Tensor): Tensor {
    const { strides, dilationRate: dilations, groups } = this;
    return conv3d(x, kernel, strides, this.padding as 'valid' | 'same', { dilations, groups, ...this.fused });
  }
}
