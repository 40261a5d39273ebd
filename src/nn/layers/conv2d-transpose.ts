/** Conv1DTranspose, 2D and 3D: each value goes to all places of its window, as the gradient of a convolution goes. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import type { Factor } from '../../kernels/layer_scale.ts';
import { add } from '../../ops/add.ts';
import { conv2dTranspose } from '../../ops/conv2d-transpose.ts';
import { conv3dTranspose } from '../../ops/conv3d-transpose.ts';
import { reshape } from '../../ops/reshape.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import type { Padding, Pair, Triple } from '../../values/window.ts';
import { activate } from '../activations.ts';
import { checkCount, checkCounts } from '../checks.ts';
import { type Initialiser, toInitialiser } from '../initialisers.ts';
import type { FilterOptions } from './conv.ts';
import { ConvolutionLayer } from './convolution.ts';
import { ruleNames, type WeightRules, weightRules } from './weight-rules.ts';

export interface ConvTransposeOptions<Size = number | Pair> extends FilterOptions<Size, 'valid' | 'same'> {
  /**
   * Rows and columns more at the end than the windows need, less than the strides. Default: as many as make `'same'` strides times
   * the size, and leave none out where windows are smaller than strides.
   */
  outputPadding?: Size;
}

abstract class ConvTranspose<Sizes extends readonly number[] = Pair> extends ConvolutionLayer<
  'valid' | 'same',
  Sizes
> {
  readonly filters: number;
  /** For each axis of the samples. */
  readonly outputPadding: readonly number[] | undefined;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'kernel'>;
  #kernel: Variable | undefined;

  constructor(kind: string, axes: 1 | 2 | 3, options: ConvTransposeOptions<unknown>) {
    const own = ['filters', 'outputPadding', 'kernelInitializer', ...ruleNames(['kernel'])];
    super(kind, axes, options, own, ['valid', 'same']);
    this.filters = checkCount(this.name, 'filters', options.filters);
    this.#initialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#rules = weightRules(this.name, options, ['kernel']);
    const { outputPadding: given } = options;
    if (given === undefined) return;
    const all = typeof given === 'number' ? Array<number>(axes).fill(given) : given;
    const padding = checkCounts(this.name, 'outputPadding', all, 0);
    const strides = this.strides.slice(-axes);
    if (padding.length !== axes || padding.some((count, axis) => count >= strides[axis]!))
      throw new ArgumentError(
        `${this.name}: outputPadding [${padding}] with strides [${strides}]; use ${axes === 1 ? 'a number' : 'one for each axis,'} below its stride`,
      );
    this.outputPadding = padding;
  }

  outputShape(sample: Shape): Shape {
    return [...this.imageShape(sample).slice(-this.axes), this.filters];
  }

  /** Sizes of the result, height 1 where there are steps. */
  protected imageShape(sample: Shape): readonly number[] {
    return this.sizesOf(sample).image.map((size, axis, { length }) => {
      const extent = (this.kernelSize[axis]! - 1) * this.dilationRate[axis]! + 1;
      const stride = this.strides[axis]!;
      const padding = this.outputPadding?.[axis - length + this.axes];
      if (padding !== undefined) {
        const cut = this.padding === 'same' ? 2 * Math.floor(extent / 2) : 0;
        return (size - 1) * stride + extent - cut + padding;
      }
      return this.padding === 'same' ? size * stride : size * stride + Math.max(extent - stride, 0);
    });
  }

  protected override create(sample: Shape): void {
    const shape = [...this.kernelSize.slice(-this.axes), this.filters, this.sizesOf(sample).channels];
    this.#kernel = this.addWeight('kernel', shape, this.#initialiser, this.#rules.kernel);
    this.addBias(this.filters);
  }

  protected override get gradientFactor(): Factor {
    const { values } = this.#kernel!;
    return { weight: values, terms: values.size / values.shape.at(-1)! };
  }

  /** What the op does with the samples and the kernel, as they lie. */
  protected abstract spread(x: Tensor, kernel: Tensor): Tensor;

  protected call(x: Tensor): Tensor {
    const y = this.spread(x, this.read(this.#kernel!));
    return activate(this.activation, this.bias ? add(y, this.read(this.bias)) : y);
  }
}

/** Steps are images one pixel high. */
abstract class FlatConvTranspose extends ConvTranspose {
  protected spread(x: Tensor, kernel: Tensor): Tensor {
    const [batch, ...sample] = x.shape as [number, ...number[]];
    const { image, channels } = this.sizesOf(sample);
    const y = conv2dTranspose(
      reshape(x, [batch, ...image, channels]),
      reshape(kernel, [...this.kernelSize, this.filters, channels]),
      [batch, ...this.imageShape(sample), this.filters],
      this.strides,
      this.pad as Padding,
      { dilations: this.dilationRate },
    );
    return reshape(y, [batch, ...this.outputShape(sample)]);
  }
}

/** (positions, channels) to (steps, filters), sizes as of Conv2DTranspose. Weights: kernel (size, filters, channels), bias (filters). */
export class Conv1DTranspose extends FlatConvTranspose {
  constructor(options: ConvTransposeOptions<number | readonly [number]>) {
    super('conv1dTranspose', 1, options);
  }
}

/**
 * (rows, columns, channels) to (height, width, filters): `'same'` is strides times the size, `'valid'` room for every window as a whole.
 * Weights: kernel (height, width, filters, channels), bias (filters).
 */
export class Conv2DTranspose extends FlatConvTranspose {
  constructor(options: ConvTransposeOptions) {
    super('conv2dTranspose', 2, options);
  }
}

/** (slices, rows, columns, channels) to (depth, height, width, filters), sizes as of Conv2DTranspose. Weights: kernel (depth, height, width, filters, channels), bias (filters). */
export class Conv3DTranspose extends ConvTranspose<Triple> {
  constructor(options: ConvTransposeOptions<number | Triple>) {
    super('conv3dTranspose', 3, options);
    if (this.dilationRate.some((rate) => rate > 1))
      throw new ArgumentError(`${this.name}: dilationRate [${this.dilationRate}]; of volumes use 1`);
  }

  protected spread(x: Tensor, kernel: Tensor): Tensor {
    const shape = [x.shape[0]!, ...this.outputShape(x.shape.slice(1))];
    return conv3dTranspose(x, kernel, shape, this.strides, this.padding);
  }
}
