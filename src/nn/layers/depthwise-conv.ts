/** DepthwiseConv2D, each channel by filters of its own, and SeparableConv2D, which mixes the channels afterwards. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { conv2d } from '../../ops/conv2d.ts';
import { depthwiseConv2d } from '../../ops/depthwise-conv2d.ts';
import type { Shape } from '../../values/shape.ts';
import type { Padding, Pair } from '../../values/window.ts';
import { checkCount } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { ConvolutionLayer, type ConvolutionOptions } from './convolution.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface DepthwiseOptions
  extends ConvolutionOptions<number | Pair, 'valid' | 'same'>,
    WeightRuleOptions<'depthwise'> {
  /** Filters of each channel. Default 1. */
  depthMultiplier?: number;
  /** Default `'glorotUniform'`. */
  depthwiseInitializer?: InitialiserLike;
}

const OWN = ['depthMultiplier', 'depthwiseInitializer', ...ruleNames(['depthwise'])];

abstract class Depthwise extends ConvolutionLayer {
  readonly depthMultiplier: number;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'depthwise'>;
  protected depthwiseKernel: Variable | undefined;

  constructor(kind: string, options: DepthwiseOptions, own: readonly string[]) {
    super(kind, 2, options, [...OWN, ...own], ['valid', 'same']);
    this.depthMultiplier = checkCount(this.name, 'depthMultiplier', options.depthMultiplier ?? 1);
    this.#initialiser = toInitialiser(options.depthwiseInitializer ?? 'glorotUniform');
    this.#rules = weightRules(this.name, options, ['depthwise']);
  }

  protected createDepthwise(name: string, sample: Shape): number {
    const { channels } = this.sizesOf(sample);
    const shape = [...this.kernelSize, channels, this.depthMultiplier];
    this.depthwiseKernel = this.addWeight(name, shape, this.#initialiser, this.#rules.depthwise);
    return channels * this.depthMultiplier;
  }

  protected depthwise(x: Tensor, epilogue: Pick<ConvolutionLayer['fused'], never> | object): Tensor {
    return depthwiseConv2d(x, this.read(this.depthwiseKernel!), this.strides, this.pad as Padding, {
      dilations: this.dilationRate,
      ...epilogue,
    });
  }
}

/** (height, width, channels) to (rows, columns, channels x multiplier). Weights: kernel (height, width, channels, multiplier), bias. */
export class DepthwiseConv2D extends Depthwise {
  constructor(options: DepthwiseOptions) {
    super('depthwiseConv2d', options, []);
  }

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
    return this.finish(this.depthwise(x, this.fused));
  }
}

export interface SeparableOptions extends DepthwiseOptions, WeightRuleOptions<'pointwise'> {
  /** Channels of the result. */
  filters: number;
  /** Default `'glorotUniform'`. */
  pointwiseInitializer?: InitialiserLike;
}

/**
 * (height, width, channels) to (rows, columns, filters). Weights: depthwise kernel (height, width, channels, multiplier), pointwise kernel
 * (1, 1, channels x multiplier, filters), bias (filters).
 */
export class SeparableConv2D extends Depthwise {
  readonly filters: number;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'pointwise'>;
  #pointwise: Variable | undefined;

  constructor(options: SeparableOptions) {
    super('separableConv2d', options, ['filters', 'pointwiseInitializer', ...ruleNames(['pointwise'])]);
    this.filters = checkCount(this.name, 'filters', options.filters);
    this.#initialiser = toInitialiser(options.pointwiseInitializer ?? 'glorotUniform');
    this.#rules = weightRules(this.name, options, ['pointwise']);
  }

  outputShape(sample: Shape): Shape {
    return this.windowed(sample, this.filters);
  }

  protected override create(sample: Shape): void {
    const between = this.createDepthwise('depthwise_kernel', sample);
    const shape = [1, 1, between, this.filters];
    this.#pointwise = this.addWeight('pointwise_kernel', shape, this.#initialiser, this.#rules.pointwise);
    this.addBias(this.filters);
  }

  /** The pointwise kernel: it comes first on the way back. */
  protected override get gradientFactor(): Factor {
    return { weight: this.#pointwise!.values, terms: this.filters };
  }

  protected call(x: Tensor): Tensor {
    const between = this.depthwise(x, {});
    return this.finish(conv2d(between, this.read(this.#pointwise!), 1, 'valid', this.fused));
  }
}
