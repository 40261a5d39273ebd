/** `depthToSpace` and `spaceToDepth`: blocks of an image from its channels and into them, by two reshapes and a transposition. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { show } from '../values/dtype.ts';
import { ShapeError } from '../values/errors.ts';
import { showShape } from '../values/shape.ts';
import { type TensorLike, toTensor } from './input.ts';
import { reshape } from './reshape.ts';
import { transpose } from './transpose.ts';

/**
 * Channels of `x` (batch, height, width, channels) as blocks of `blockSize` x `blockSize` pixels, as TensorFlow's `tf.nn.depth_to_space`: a
 * quotient of the channels is left. Throws `ShapeError`.
 */
export function depthToSpace(x: TensorLike, blockSize: number): Tensor {
  return tidy(() => {
    const tensor = imagesIn(
      'depthToSpace',
      x,
      blockSize,
      ([, , , channels]) => channels % blockSize ** 2 === 0,
    );
    const [batch, height, width, channels] = tensor.shape as Sizes;
    const depth = channels / blockSize ** 2;
    const apart = reshape(tensor, [batch, height, width, blockSize, blockSize, depth]);
    const moved = transpose(apart, [0, 1, 3, 2, 4, 5]);
    return reshape(moved, [batch, height * blockSize, width * blockSize, depth]);
  });
}

/** Its inverse, as `tf.nn.space_to_depth`. Throws `ShapeError`. */
export function spaceToDepth(x: TensorLike, blockSize: number): Tensor {
  return tidy(() => {
    const whole = (size: number) => size % blockSize === 0;
    const tensor = imagesIn(
      'spaceToDepth',
      x,
      blockSize,
      ([, height, width]) => whole(height) && whole(width),
    );
    const [batch, height, width, channels] = tensor.shape as Sizes;
    const [rows, columns] = [height / blockSize, width / blockSize];
    const apart = reshape(tensor, [batch, rows, blockSize, columns, blockSize, channels]);
    return reshape(transpose(apart, [0, 1, 3, 2, 4, 5]), [batch, rows, columns, channels * blockSize ** 2]);
  });
}

type Sizes = [batch: number, height: number, width: number, channels: number];

function imagesIn(where: string, x: TensorLike, blockSize: number, fits: (shape: Sizes) => boolean): Tensor {
  const tensor = toTensor(where, x);
  const { shape } = tensor;
  if (Number.isInteger(blockSize) && blockSize >= 1 && shape.length === 4 && fits(shape as unknown as Sizes))
    return tensor;
  throw new ShapeError(
    `${where}: blockSize ${show(blockSize)} on shape ${showShape(shape)}; use images (batch, height, width, channels) that blocks fill`,
  );
}
