/** Resizing and CenterCrop: images brought to one size. */
import type { Tensor } from '../../autograd/tensor.ts';
import { resizeBilinear, resizeNearestNeighbor } from '../../ops/resize.ts';
import { slice } from '../../ops/slice.ts';
import { ArgumentError } from '../../values/errors.ts';
import type { Shape } from '../../values/shape.ts';
import { checkCount, checkFlag, checkOneOf, checkSampleRank } from '../checks.ts';
import { type CallOptions, Layer, type LayerOptions } from '../layer.ts';

export interface ImageSizeOptions extends LayerOptions {
  /** Of the result. */
  height: number;
  width: number;
}

export interface ResizingOptions extends ImageSizeOptions {
  /** Default `'bilinear'`. */
  interpolation?: 'bilinear' | 'nearest';
  /** Whether the largest part of the image is taken that has the result's proportions. Default and only value false. */
  cropToAspectRatio?: boolean;
  /** As `cropToAspectRatio`, with margins in place of a cut. Default and only value false. */
  padToAspectRatio?: boolean;
}

abstract class ImageSize extends Layer {
  readonly height: number;
  readonly width: number;

  constructor(kind: string, options: ImageSizeOptions, own: readonly string[] = []) {
    super(kind, options, ['height', 'width', ...own]);
    this.height = checkCount(this.name, 'height', options.height);
    this.width = checkCount(this.name, 'width', options.width);
  }

  outputShape(sample: Shape): Shape {
    checkSampleRank(this.name, sample, 2);
    return [this.height, this.width, sample[2]!];
  }
}

/** (height, width, channels) of any size to the layer's, without antialiasing. */
export class Resizing extends ImageSize {
  readonly interpolation: 'bilinear' | 'nearest';

  constructor(options: ResizingOptions) {
    super('resizing', options, ['interpolation', 'cropToAspectRatio', 'padToAspectRatio']);
    this.interpolation = checkOneOf(
      ...([
        this.name,
        'interpolation',
        options.interpolation ?? 'bilinear',
        ['bilinear', 'nearest'],
      ] as const),
    );
    for (const name of ['cropToAspectRatio', 'padToAspectRatio'] as const)
      if (checkFlag(this.name, name, options[name] ?? false))
        throw new ArgumentError(`${this.name}: ${name} true is not supported; crop or pad before it`);
  }

  protected call(x: Tensor): Tensor {
    const resize = this.interpolation === 'bilinear' ? resizeBilinear : resizeNearestNeighbor;
    return resize(x, [this.height, this.width], false, true);
  }
}

/** The middle of (height, width, channels), in the layer's size; smaller images are made larger first, as far as they must. */
export class CenterCrop extends ImageSize {
  constructor(options: ImageSizeOptions, kind = 'centerCrop') {
    super(kind, options);
  }

  protected call(x: Tensor, _: CallOptions): Tensor {
    const [batch, height, width, channels] = x.shape as [number, number, number, number];
    const size = [batch, this.height, this.width, channels];
    if (height >= this.height && width >= this.width) {
      const begin = [Math.floor((height - this.height) / 2), Math.floor((width - this.width) / 2)];
      return slice(x, [0, ...begin, 0], size);
    }
    // The largest part of the result's proportions, resized.
    const rows = Math.min(height, Math.floor((width * this.height) / this.width));
    const columns = Math.min(width, Math.floor((height * this.width) / this.height));
    const begin = [Math.floor((height - rows) / 2), Math.floor((width - columns) / 2)];
    const part = slice(x, [0, ...begin, 0], [batch, Math.max(rows, 1), Math.max(columns, 1), channels]);
    return resizeBilinear(part, [this.height, this.width], false, true);
  }
}
