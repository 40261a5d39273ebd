/** What the convolution layers share: their options, checked, and the weights kernel and bias. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Activation } from '../../kernels/gemm/problem.ts';
import type { Shape } from '../../values/shape.ts';
import { type Pair, positionsOf } from '../../values/window.ts';
import { type ActivationName, activate, checkActivation, fusedActivation } from '../activations.ts';
import { checkFlag, checkOneOf, checkSampleRank, checkWindowSize } from '../checks.ts';
import { type Initialiser, type InitialiserLike, toInitialiser } from '../initialisers.ts';
import { Layer, type LayerOptions } from '../layer.ts';
import { ruleNames, type WeightRuleOptions, type WeightRules, weightRules } from './weight-rules.ts';

export interface ConvolutionOptions<Size, Padding extends string>
  extends LayerOptions,
    WeightRuleOptions<'bias'> {
  /** Of the window, down and across. */
  kernelSize: Size;
  /** Default 1. */
  strides?: Size;
  /** Default `'valid'`. */
  padding?: Padding;
  /** Distance between the elements of the window. Default 1. */
  dilationRate?: Size;
  /** Default `'linear'`. */
  activation?: ActivationName;
  /** Default true. */
  useBias?: boolean;
  /** Default `'zeros'`. */
  biasInitializer?: InitialiserLike;
}

const OPTIONS = [
  ...['kernelSize', 'strides', 'padding', 'dilationRate', 'activation', 'useBias', 'biasInitializer'],
  ...ruleNames(['bias']),
];

/** Of samples (height, width, channels), (steps, channels) where `axes` is 1, (depth, height, width, channels) where it is 3. */
export abstract class ConvolutionLayer<
  Padding extends string = 'valid' | 'same',
  Sizes extends readonly number[] = Pair,
> extends Layer {
  readonly kernelSize: Sizes;
  readonly strides: Sizes;
  readonly dilationRate: Sizes;
  readonly padding: Padding;
  readonly activation: ActivationName;
  readonly useBias: boolean;
  protected readonly axes: 1 | 2 | 3;
  protected bias: Variable | undefined;
  readonly #biasRules: WeightRules<'bias'>;
  readonly #biasInitialiser: Initialiser;

  /** `own` names the options that a kind of layer adds. */
  constructor(
    kind: string,
    axes: 1 | 2 | 3,
    options: ConvolutionOptions<unknown, string>,
    own: readonly string[],
    paddings: readonly Padding[],
  ) {
    super(kind, options, [...OPTIONS, ...own]);
    this.axes = axes;
    const size = (name: 'kernelSize' | 'strides' | 'dilationRate', value: unknown) =>
      checkWindowSize(this.name, name, value, axes) as Sizes;
    this.kernelSize = size('kernelSize', options.kernelSize);
    this.strides = size('strides', options.strides ?? 1);
    this.dilationRate = size('dilationRate', options.dilationRate ?? 1);
    this.padding = checkOneOf(this.name, 'padding', options.padding ?? 'valid', paddings);
    this.activation = checkActivation(this.name, options.activation ?? 'linear');
    this.useBias = checkFlag(this.name, 'useBias', options.useBias ?? true);
    this.#biasInitialiser = toInitialiser(options.biasInitializer ?? 'zeros');
    this.#biasRules = weightRules(this.name, options, ['bias']);
  }

  /** Sizes as lists, of one for steps. */
  override getConfig(): Record<string, unknown> {
    const own = (sizes: Sizes) => sizes.slice(-this.axes);
    const { kernelSize, strides, dilationRate } = this;
    return {
      ...super.getConfig(),
      ...{ kernelSize: own(kernelSize), strides: own(strides), dilationRate: own(dilationRate) },
    };
  }

  /** Sizes of a sample, height 1 where there are steps, and its channels. Throws `ShapeError`. */
  protected sizesOf(sample: Shape): { image: Sizes; channels: number } {
    checkSampleRank(this.name, sample, this.axes);
    const sizes = sample.slice(0, -1);
    return { image: (this.axes === 1 ? [1, ...sizes] : sizes) as unknown as Sizes, channels: sample.at(-1)! };
  }

  /** Positions of the window, and channels, as a sample. */
  protected windowed(sample: Shape, channels: number): Shape {
    const positions = positionsOf(this.name, this.sizesOf(sample).image, this.kernelSize, {
      ...{ strides: this.strides, dilations: this.dilationRate, pad: this.pad },
    });
    return [...positions.slice(-this.axes), channels];
  }

  /** The padding as ops take it. */
  protected get pad(): 'valid' | 'same' | readonly [readonly [0, 0], Pair, Pair, readonly [0, 0]] {
    if (this.padding !== 'causal') return this.padding as 'valid' | 'same';
    return [
      [0, 0],
      [0, 0],
      [(this.kernelSize[1]! - 1) * this.dilationRate[1]!, 0],
      [0, 0],
    ] as never;
  }

  protected addBias(channels: number): void {
    if (this.useBias)
      this.bias = this.addWeight('bias', [channels], this.#biasInitialiser, this.#biasRules.bias);
  }

  /** Bias and activation, as far as the op applies them. */
  protected get fused(): { readonly activation: Activation; readonly bias?: Tensor } {
    const activation = fusedActivation(this.activation);
    return this.bias ? { activation, bias: this.read(this.bias) } : { activation };
  }

  /** The rest of the activation. */
  protected finish(y: Tensor): Tensor {
    return fusedActivation(this.activation) === this.activation ? y : activate(this.activation, y);
  }
}
