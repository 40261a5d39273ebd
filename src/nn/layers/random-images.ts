/** Layers that change images at random in training, in Keras's models for inference: there they change nothing, or cut the middle out. */
import type { Tensor } from '../../autograd/tensor.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { CallOptions, LayerOptions } from '../layer.ts';
import { ElementwiseLayer } from './elementwise.ts';
import { CenterCrop, type ImageSizeOptions } from './resizing.ts';

/** Keras's settings, kept for files: nothing here reads them. */
type Settings = LayerOptions & Readonly<Record<string, unknown>>;

function refuse(name: string): never {
  throw new ArgumentError(
    `${name}: random images in training are not supported; change the data before it is given, or take the layer out`,
  );
}

/** The input as it is. Throws `ArgumentError` in training, rather than train on images that are not what the file says. */
abstract class RandomImages extends ElementwiseLayer {
  protected call(x: Tensor, { training }: CallOptions): Tensor {
    return training ? refuse(this.name) : x;
  }
}

const FILL = ['fillMode', 'fillValue', 'interpolation', 'dataFormat'];

/** At inference, the input as it is; in training it throws `ArgumentError`. */
export class RandomFlip extends RandomImages {
  constructor(options: Settings = {}) {
    super('randomFlip', options, ['mode', 'dataFormat']);
  }
}

/** At inference, the input as it is; in training it throws `ArgumentError`. */
export class RandomRotation extends RandomImages {
  constructor(options: Settings) {
    super('randomRotation', options, ['factor', ...FILL]);
  }
}

/** At inference, the input as it is; in training it throws `ArgumentError`. */
export class RandomZoom extends RandomImages {
  constructor(options: Settings) {
    super('randomZoom', options, ['heightFactor', 'widthFactor', ...FILL]);
  }
}

/** At inference, the input as it is; in training it throws `ArgumentError`. */
export class RandomTranslation extends RandomImages {
  constructor(options: Settings) {
    super('randomTranslation', options, ['heightFactor', 'widthFactor', ...FILL]);
  }
}

/** At inference, the input as it is; in training it throws `ArgumentError`. */
export class RandomContrast extends RandomImages {
  constructor(options: Settings) {
    super('randomContrast', options, ['factor', 'valueRange']);
  }
}

/** At inference, the input as it is; in training it throws `ArgumentError`. */
export class RandomBrightness extends RandomImages {
  constructor(options: Settings) {
    super('randomBrightness', options, ['factor', 'valueRange']);
  }
}

/** At inference, the middle of the image, as `CenterCrop`; in training it throws `ArgumentError`. */
export class RandomCrop extends CenterCrop {
  constructor(options: ImageSizeOptions) {
    super(options, 'randomCrop');
  }

  protected override call(x: Tensor, options: CallOptions): Tensor {
    return options.training ? refuse(this.name) : super.call(x, options);
  }
}
