/** Conv1D and Conv2D: a window that slides over steps or images. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { conv2d } from '../../ops/conv2d.ts';
import { reshape } from '../../ops/reshape.ts';
import { ShapeError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import type { Padding, Pair } from '../../values/window.ts';
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

abstract class Conv extends ConvolutionLayer<'valid' | 'same' | 'causal'> {
  readonly filters: number;
  readonly groups: number;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'kernel'>;
  #kernel: Variable | undefined;

  constructor(
    kind: string,
    axes: 1 | 2,
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
    const shape = [...this.kernelSize.slice(2 - this.axes), channels / this.groups, this.filters];
    this.#kernel = this.addWeight('kernel', shape, this.#initialiser, this.#rules.kernel);
    this.addBias(this.filters);
  }

  /** Each value of an image went into as many sums as a window has places, for each filter. */
  protected override get gradientFactor(): Factor {
    const { values } = this.#kernel!;
    return { weight: values, terms: values.size / values.shape.at(-2)! };
  }

  protected call(x: Tensor): Tensor {
    const { image, channels } = this.sizesOf(x.shape.slice(1));
    const filter = [...this.kernelSize, channels / this.groups, this.filters];
    const y = conv2d(
      reshape(x, [x.shape[0]!, ...image, channels]),
      reshape(this.read(this.#kernel!), filter),
      this.strides,
      this.pad as Padding,
      { dilations: this.dilationRate, groups: this.groups, ...this.fused },
    );
    return this.finish(reshape(y, [x.shape[0]!, ...this.outputShape(x.shape.slice(1))]));
  }
}

/** (steps, channels) to (positions, filters). Weights: kernel (size, channels / groups, filters), bias (filters). */
export class Conv1D extends Conv {
  constructor(options: ConvOptions<number | readonly [number], 'valid' | 'same' | 'causal'>) {
    super('conv1d', 1, options, ['valid', 'same', 'causal']);
  }
}

/** (height, width, channels) to (rows, columns, filters). Weights: kernel (height, width, channels / groups, filters), bias (filters). */
export class Conv2D extends Conv {
  constructor(options: ConvOptions<number | Pair, 'valid' | 'same'>) {
    super('conv2d', 2, options, ['valid', 'same']);
  }
}
