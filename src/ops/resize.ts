/** `resizeNearestNeighbor` and `resizeBilinear`: images on another grid, placed upon it as TensorFlow.js does. */
import { defineOp, type Op } from '../autograd/op.ts';
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { resizeGradientKernel, resizeKernel, type Sampling } from '../kernels/resize.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError } from '../values/errors.ts';
import { checkPair, type Pair } from '../values/window.ts';
import { heightAndWidth, imagesOf } from './convolution-inputs.ts';
import type { TensorLike } from './input.ts';

interface Attributes extends Sampling {
  /** Height and width of the result, and of what it is made from. */
  readonly size: Pair;
  readonly image: Pair;
}

type Resize = (
  images: TensorLike,
  size: number | Pair,
  alignCorners?: boolean,
  halfPixelCenters?: boolean,
) => Tensor;

/** Sizes whose places along an axis are whole numbers of 32 bits. */
const LARGEST = 16384;

function resizeOp(name: string, nearest: boolean): Resize {
  const sized = ({ shape }: Tensor, [height, width]: Pair) => [shape[0]!, height, width, shape[3]!];
  const forward: Op<Attributes> = defineOp({
    name,
    precision: nearest ? 'clear' : 'unlisted',
    infer: ([x], { size }) => [{ shape: sized(x!, size), dtype: x!.dtype }],
    forward: ([x], [y], sampling) => resizeKernel(x!, y!, sampling),
    backward: ({ gradients, attributes }) => backward([gradients[0]!], attributes),
  });
  const backward: Op<Attributes> = defineOp({
    name: `${name}Grad`,
    precision: nearest ? 'clear' : 'unlisted',
    infer: ([upstream], { image }) => [{ shape: sized(upstream!, image), dtype: upstream!.dtype }],
    forward: ([upstream], [dx], sampling) => resizeGradientKernel(upstream!, dx!, sampling),
    backward: ({ gradients, attributes }) => forward([gradients[0]!], attributes),
  });
  return (x, size, alignCorners = false, halfPixelCenters = false) =>
    tidy(() => {
      const { images, back } = imagesOf(name, x);
      const image = heightAndWidth(images, 1);
      const wanted = checkPair(name, 'size', size);
      if (alignCorners && halfPixelCenters) {
        throw new ArgumentError(
          `${name}: alignCorners ${alignCorners} and halfPixelCenters ${halfPixelCenters}; use one of them at most`,
        );
      }
      if ([...image, ...wanted].some((length) => length > LARGEST)) {
        throw new ArgumentError(
          `${name}: images of ${show(image)} to size ${show(wanted)}; use ${LARGEST} at most`,
        );
      }
      const attributes = { nearest, alignCorners, halfPixelCenters, size: wanted, image };
      return back(forward([images], attributes)[0]!);
    });
}

/**
 * `images` (batch, height, width, channels), or one image without the batch, with `size` [height, width]: each result is the element
 * that it lies on. At most one of `alignCorners`, the first and last elements of both lie upon each other, and `halfPixelCenters`,
 * elements are squares. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export const resizeNearestNeighbor: Resize = resizeOp('resizeNearestNeighbor', true);

/** As `resizeNearestNeighbor`, each result between the four elements around it, by their distances. */
export const resizeBilinear: Resize = resizeOp('resizeBilinear', false);
