/** `input`: where a model's samples come in. */
import type { Tensor } from '../../autograd/tensor.ts';
import { type DType, requireDType } from '../../values/dtype.ts';
import { ArgumentError } from '../../values/errors.ts';
import { checkOptions } from '../../values/options.ts';
import type { SampleShape, Shape } from '../../values/shape.ts';
import { type AnyLayer, Layer, type Symbolic } from '../layer.ts';
import { symbolicCall } from '../symbolic.ts';

export interface InputOptions {
  /** Shape of one sample; null for sizes that only data tell. */
  shape: SampleShape;
  /** Default `'float32'`; `'int32'` for class numbers, such as those of words. */
  dtype?: 'float32' | 'float16' | 'int32';
  name?: string;
}

export class InputLayer extends Layer {
  readonly dtype: DType;

  constructor(options: InputOptions) {
    checkOptions('input', options, ['shape', 'dtype', 'name']);
    const { shape, dtype = 'float32', name } = options;
    if (shape === undefined) throw new ArgumentError('input: no shape; give that of one sample');
    super('input', { inputShape: shape, ...(name === undefined ? {} : { name }) }, []);
    requireDType(this.name, 'dtype', dtype, ['float32', 'float16', 'int32']);
    this.dtype = dtype;
  }

  outputShape(sample: Shape): Shape {
    return sample;
  }

  protected call(x: Tensor): Tensor {
    return x;
  }
}

/** A symbolic tensor for `ht.model`: samples of this shape. Throws `ShapeError`, `DtypeError`, `ArgumentError`. */
export function input(options: InputOptions): Symbolic {
  const own = new InputLayer(options);
  const layer = own as unknown as AnyLayer;
  return symbolicCall<AnyLayer>(
    { layer, inputs: [], options: {} },
    own.name,
    [own.inputShape!],
    own.dtype,
  )[0]!;
}
