/** Conv2DTranspose: each value of an image goes to all places of its window, as the gradient of a convolution goes. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { add } from '../../ops/add.ts';
import { conv2dTranspose } from '../../ops/conv2d-transpose.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import type { Padding, Pair } from '../../values/window.ts';
import { activate } from '../activations.ts';
import { checkCount, checkCounts } from '../checks.ts';
import { type Initialiser, toInitialiser } from '../initialisers.ts';
import type { FilterOptions } from './conv.ts';
import { ConvolutionLayer } from './convolution.ts';
import { ruleNames, type WeightRules, weightRules } from './weight-rules.ts';

export interface Conv2DTransposeOptions extends FilterOptions<number | Pair, 'valid' | 'same'> {
  /**
   * Rows and columns more at the end than the windows need, less than the strides. Default: as many as make `'same'` strides times
   * the size, and leave none out where windows are smaller than strides.
   */
  outputPadding?: number | Pair;
}

/**
 * (rows, columns, channels) to (height, width, filters): `'same'` is strides times the size, `'valid'` room for every window as a whole.
 * Weights: kernel (height, width, filters, channels), bias (filters).
 */
export class Conv2DTranspose extends ConvolutionLayer {
  readonly filters: number;
  readonly outputPadding: readonly number[] | undefined;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'kernel'>;
  #kernel: Variable | undefined;

  constructor(options: Conv2DTransposeOptions) {
    const own = ['filters', 'outputPadding', 'kernelInitializer', ...ruleNames(['kernel'])];
    super('conv2dTranspose', 2, options, own, ['valid', 'same']);
    this.filters = checkCount(this.name, 'filters', options.filters);
    this.#initialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#rules = weightRules(this.name, options, ['kernel']);
    const { outputPadding: given } = options;
    if (given === undefined) return;
    const padding = checkCounts(
      ...([this.name, 'outputPadding', typeof given === 'number' ? [given, given] : given, 0] as const),
    );
    if (padding.length !== 2 || padding.some((count, axis) => count >= this.strides[axis]!))
      throw new ArgumentError(
        `${this.name}: outputPadding [${padding}] with strides [${this.strides}]; use [down, across], each below its stride`,
      );
    this.outputPadding = padding;
  }

  outputShape(sample: Shape): Shape {
    const { image } = this.sizesOf(sample);
    const sizes = image.map((size, axis) => {
      const extent = (this.kernelSize[axis]! - 1) * this.dilationRate[axis]! + 1;
      const stride = this.strides[axis]!;
      if (this.outputPadding) {
        const cut = this.padding === 'same' ? 2 * Math.floor(extent / 2) : 0;
        return (size - 1) * stride + extent - cut + this.outputPadding[axis]!;
      }
      return this.padding === 'same' ? size * stride : size * stride + Math.max(extent - stride, 0);
    });
    return [...sizes, this.filters];
  }

  protected override create(sample: Shape): void {
    const shape = [...this.kernelSize, this.filters, this.sizesOf(sample).channels];
    this.#kernel = this.addWeight('kernel', shape, this.#initialiser, this.#rules.kernel);
    this.addBias(this.filters);
  }

  protected override get gradientFactor(): Factor {
    const { values } = this.#kernel!;
    return { weight: values, terms: values.size / values.shape.at(-1)! };
  }

  protected call(x: Tensor): Tensor {
    const shape = [x.shape[0]!, ...this.outputShape(x.shape.slice(1))];
    const y = conv2dTranspose(x, this.read(this.#kernel!), shape, this.strides, this.pad as Padding, {
      dilations: this.dilationRate,
    });
    return activate(this.activation, this.bias ? add(y, this.read(this.bias)) : y);
  }
}
