/** Conv2DTranspose: each value of an image goes to all places of its window, as the gradient of a convolution goes. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { add } from '../../ops/add.ts';
import { conv2dTranspose } from '../../ops/conv2d-transpose.ts';
import type { Shape } from '../../values/shape.ts';
import type { Padding, Pair } from '../../values/window.ts';
import { activate } from '../activations.ts';
import { checkCount } from '../checks.ts';
import { type Initialiser, toInitialiser } from '../initialisers.ts';
import type { FilterOptions } from './conv.ts';
import { ConvolutionLayer } from './convolution.ts';
import { ruleNames, type WeightRules, weightRules } from './weight-rules.ts';

/**
 * (rows, columns, channels) to (height, width, filters): `'same'` is strides times the size, `'valid'` room for every window as a whole.
 * Weights: kernel (height, width, filters, channels), bias (filters).
 */
export class Conv2DTranspose extends ConvolutionLayer {
  readonly filters: number;
  readonly #initialiser: Initialiser;
  readonly #rules: WeightRules<'kernel'>;
  #kernel: Variable | undefined;

  constructor(options: FilterOptions<number | Pair, 'valid' | 'same'>) {
    const own = ['filters', 'kernelInitializer', ...ruleNames(['kernel'])];
    super('conv2dTranspose', 2, options, own, ['valid', 'same']);
    this.filters = checkCount(this.name, 'filters', options.filters);
    this.#initialiser = toInitialiser(options.kernelInitializer ?? 'glorotUniform');
    this.#rules = weightRules(this.name, options, ['kernel']);
  }

  outputShape(sample: Shape): Shape {
    const { image } = this.sizesOf(sample);
    const sizes = image.map((size, axis) => {
      const extent = (this.kernelSize[axis]! - 1) * this.dilationRate[axis]! + 1;
      const stride = this.strides[axis]!;
      return this.padding === 'same' ? size * stride : size * stride + Math.max(extent - stride, 0);
    });
    return [...sizes, this.filters];
  }

  protected override create(sample: Shape): void {
    const shape = [...this.kernelSize, this.filters, this.sizesOf(sample).channels];
    this.#kernel = this.addWeight('kernel', shape, this.#initialiser, this.#rules.kernel);
    this.addBias(this.filters);
  }

  protected call(x: Tensor): Tensor {
    const shape = [x.shape[0]!, ...this.outputShape(x.shape.slice(1))];
    const y = conv2dTranspose(x, this.read(this.#kernel!), shape, this.strides, this.pad as Padding, {
      dilations: this.dilationRate,
    });
    return activate(this.activation, this.bias ? add(y, this.read(this.bias)) : y);
  }
}
