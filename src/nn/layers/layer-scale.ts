/** LayerScale: each channel times a factor of its own that is learnt (Touvron et al. 2021), as in Keras's ConvNeXt. */
import type { Tensor } from '../../autograd/tensor.ts';
import type { Variable } from '../../autograd/variable.ts';
import { mul } from '../../ops/mul.ts';
import { ShapeError } from '../../values/errors.ts';
import { mayEqual, type Shape, showShape } from '../../values/shape.ts';
import { checkCount, checkNumber } from '../checks.ts';
import type { LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';

export interface LayerScaleOptions extends LayerOptions {
  /** With which all factors begin. */
  initValues: number;
  /** Number of channels. */
  projectionDim: number;
}

/** Weight: gamma (channels). */
export class LayerScale extends ElementwiseLayer {
  readonly initValues: number;
  readonly projectionDim: number;
  #gamma: Variable | undefined;

  constructor(options: LayerScaleOptions) {
    super('layerScale', options, ['initValues', 'projectionDim']);
    this.initValues = checkNumber(this.name, 'initValues', options.initValues);
    this.projectionDim = checkCount(this.name, 'projectionDim', options.projectionDim);
  }

  override outputShape(sample: Shape): Shape {
    if (mayEqual(sample.at(-1), this.projectionDim)) return sample;
    throw new ShapeError(
      `${this.name}: samples are ${showShape(sample)}; use ${this.projectionDim} channels`,
    );
  }

  protected override create(): void {
    const initializer = { className: 'Constant', config: { value: this.initValues } };
    this.#gamma = this.addWeight('gamma', [this.projectionDim], initializer);
  }

  protected call(x: Tensor): Tensor {
    return mul(x, this.read(this.#gamma!));
  }
}
