/** `maxPool3d` and `avgPool3d`: windows of volumes, first over each slice, then over the slices: both can be taken apart like that. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { checkTriple, type Pair, type Triple } from '../values/window.ts';
import { volumeOf } from './conv3d.ts';
import { type TensorLike, toTensor } from './input.ts';
import { avgPool, maxPool } from './pool.ts';
import { reshape } from './reshape.ts';

/**
 * The largest value of each window of `x` (batch, depth, height, width, channels), or of one volume without the batch; padding is never the
 * largest. `strides` are those of `filterSize` by default. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function maxPool3d(
  x: TensorLike,
  filterSize: number | Triple,
  strides: number | Triple = filterSize,
  pad: 'valid' | 'same' = 'valid',
): Tensor {
  return pooled('maxPool3d', maxPool, x, filterSize, strides, pad);
}

/** The mean of each window, as `maxPool3d`; padding does not count. In float16 means over slices are rounded before those over depth. */
export function avgPool3d(
  x: TensorLike,
  filterSize: number | Triple,
  strides: number | Triple = filterSize,
  pad: 'valid' | 'same' = 'valid',
): Tensor {
  return pooled('avgPool3d', avgPool, x, filterSize, strides, pad);
}

function pooled(
  where: string,
  pool: typeof maxPool,
  x: TensorLike,
  filterSize: number | Triple,
  strides: number | Triple,
  pad: 'valid' | 'same',
): Tensor {
  const [deep, ...flat] = checkTriple(where, 'filterSize', filterSize);
  const [through, ...steps] = checkTriple(where, 'strides', strides);
  return tidy(() => {
    const volumes = toTensor(where, x);
    const { batch, sizes, channels } = volumeOf(where, volumes);
    const images = reshape(volumes, [batch * sizes[0], sizes[1], sizes[2], channels]);
    const small = pool(images, flat as unknown as Pair, steps as unknown as Pair, pad);
    const [, rows, columns] = small.shape as [number, number, number];
    const along = reshape(small, [batch, sizes[0], rows * columns, channels]);
    const y = pool(along, [deep, 1], [through, 1], pad);
    const shape = [y.shape[1]!, rows, columns, channels];
    return reshape(y, volumes.rank === 5 ? [batch, ...shape] : shape);
  });
}
