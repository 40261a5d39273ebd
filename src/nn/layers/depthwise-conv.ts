/** DepthwiseConv1D and 2D, each channel by filters of its own, and SeparableConv1D and 2D, which mix the channels afterwards. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { conv2d } from '../../ops/conv2d.ts';
import { depthwiseConv2d } from '../../ops/depthwise-conv2d.ts';
import { reshape } from '../../ops/reshape.ts';
import type { Shape } from '../../values/shape.ts';
import type { Padding, Pair } from '../../values/window.ts';
import { checkCount } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { ConvolutionLayer, type ConvolutionOptions } from './convolution.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

type StepsPadding = 'valid' | 'same' | 'causal';

export interface DepthwiseOptions<Size = number | Pair, P extends string = 'valid' | 'same'>
  extends ConvolutionOptions<Size, P>,
    WeightRuleOptions<'depthwise'> {
  /** Filters of each channel. Default 1. */
  depthMultiplier?: number;
  /** Default `'glorotUniform'`. */
  depthwiseInitializer?: InitialiserLike;
}

const OWN = ['depthMultiplier', 'depthwiseInitializer', ...ruleNames(['depthwise'])];

abstract class Depthwise extends ConvolutionLayer<StepsPadding> {
  readonly depthMultiplier: number;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'depthwise'>;
  protected depthwiseKernel: Variable | undefined;

  constructor(
    kind: string,
    axes: 1 | 2,
    options: DepthwiseOptions<unknown, StepsPadding>,
    own: readonly string[],
  ) {
    const paddings = ['valid', 'same', ...(axes === 1 ? (['causal'] as const) : [])] as const;
    super(kind, axes, options, [...OWN, ...own], paddings);
    this.depthMultiplier = checkCount(this.name, 'depthMultiplier', options.depthMultiplier ?? 1);
    this.#initialiser = toInitialiser(options.depthwiseInitializer ?? 'glorotUniform');
    this.#rules = weightRules(this.name, options, ['depthwise']);
  }

  protected createDepthwise(name: string, sample: Shape): number {
    const { channels } = this.sizesOf(sample);
    const shape = [...this.kernelSize.slice(2 - this.axes), channels, this.depthMultiplier];
    this.depthwiseKernel = this.addWeight(name, shape, this.#initialiser, this.#rules.depthwise);
    return channels * this.depthMultiplier;
  }

  /** Of samples as images, (n, height, width, channels), height 1 where there are steps. */
  protected depthwise(x: Tensor, epilogue: Pick<ConvolutionLayer['fused'], never> | object): Tensor {
    const { image, channels } = this.sizesOf(x.shape.slice(1));
    const filter = [...this.kernelSize, channels, this.depthMultiplier];
    return depthwiseConv2d(
      reshape(x, [x.shape[0]!, ...image, channels]),
      reshape(this.read(this.depthwiseKernel!), filter),
      this.strides,
      this.pad as Padding,
      { dilations: this.dilationRate, ...epilogue },
    );
  }

  /** Images as samples, after the rest of the activation. */
  protected finished(y: Tensor, x: Tensor): Tensor {
    return this.finish(reshape(y, [x.shape[0]!, ...this.outputShape(x.shape.slice(1))]));
  }
}

abstract class DepthwiseConv extends Depthwise {
  protected override get gradientFactor(): Factor {
    const { values } = this.depthwiseKernel!;
    return { weight: values, terms: values.size / values.shape.at(-2)! };
  }

  outputShape(sample: Shape): Shape {
    return this.windowed(sample, this.sizesOf(sample).channels * this.depthMultiplier);
  }

  protected override create(sample: Shape): void {
    this.addBias(this.createDepthwise('kernel', sample));
  }

  protected call(x: Tensor): Tensor {
    return this.finished(this.depthwise(x, this.fused), x);
  }
}

/** (steps, channels) to (positions, channels x multiplier). Weights: kernel (size, channels, multiplier), bias. */
export class DepthwiseConv1D extends DepthwiseConv {
  constructor(options: DepthwiseOptions<number | readonly [number], StepsPadding>) {
    super('depthwiseConv1d', 1, options, []);
  }
}

/** (height, width, channels) to (rows, columns, channels x multiplier). Weights: kernel (height, width, channels, multiplier), bias. */
export class DepthwiseConv2D extends DepthwiseConv {
  constructor(options: DepthwiseOptions) {
    super('depthwiseConv2d', 2, options, []);
  }
}

export interface SeparableOptions<Size = number | Pair, P extends string = 'valid' | 'same'>
  extends DepthwiseOptions<Size, P>,
    WeightRuleOptions<'pointwise'> {
  /** Channels of the result. */
  filters: number;
  /** Default `'glorotUniform'`. */
  pointwiseInitializer?: InitialiserLike;
}

abstract class SeparableConv extends Depthwise {
  readonly filters: number;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'pointwise'>;
  #pointwise: Variable | undefined;

  constructor(kind: string, axes: 1 | 2, options: SeparableOptions<unknown, StepsPadding>) {
    super(kind, axes, options, ['filters', 'pointwiseInitializer', ...ruleNames(['pointwise'])]);
    this.filters = checkCount(this.name, 'filters', options.filters);
    this.#initialiser = toInitialiser(options.pointwiseInitializer ?? 'glorotUniform');
    this.#rules = weightRules(this.name, options, ['pointwise']);
  }

  outputShape(sample: Shape): Shape {
    return this.windowed(sample, this.filters);
  }

  protected override create(sample: Shape): void {
    const between = this.createDepthwise('depthwise_kernel', sample);
    const shape = [...Array<number>(this.axes).fill(1), between, this.filters];
    this.#pointwise = this.addWeight('pointwise_kernel', shape, this.#initialiser, this.#rules.pointwise);
    this.addBias(this.filters);
  }

  /** The pointwise kernel: it comes first on the way back. */
  protected override get gradientFactor(): Factor {
    return { weight: this.#pointwise!.values, terms: this.filters };
  }

  protected call(x: Tensor): Tensor {
    const between = this.depthwise(x, {});
    const pointwise = reshape(this.read(this.#pointwise!), [1, 1, between.shape[3]!, this.filters]);
    return this.finished(conv2d(between, pointwise, 1, 'valid', this.fused), x);
  }
}

/** (steps, channels) to (positions, filters). Weights as those of SeparableConv2D, without a height. */
export class SeparableConv1D extends SeparableConv {
  constructor(options: SeparableOptions<number | readonly [number], StepsPadding>) {
    super('separableConv1d', 1, options);
  }
}

/**
 * (height, width, channels) to (rows, columns, filters). Weights: depthwise kernel (height, width, channels, multiplier), pointwise kernel
 * (1, 1, channels x multiplier, filters), bias (filters).
 */
export class SeparableConv2D extends SeparableConv {
  constructor(options: SeparableOptions) {
    super('separableConv2d', 2, options);
  }
}
