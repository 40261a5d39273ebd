/** `conv3d`: convolution of volumes, as one of images whose channels are those of all slices that a window takes. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import type { Activation } from '../kernels/gemm/problem.ts';
import { type FloatDType, show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkOptions } from '../values/options.ts';
import { showShape } from '../values/shape.ts';
import { checkTriple, type Pair, type Triple, windowOf } from '../values/window.ts';
import { conv2d } from './conv2d.ts';
import { type TensorLike, toTensors } from './input.ts';
import { pad as padded } from './pad.ts';
import { reshape } from './reshape.ts';
import { stack } from './stack.ts';
import { stridedSlice } from './strided-slice.ts';
import { transpose } from './transpose.ts';

export interface Conv3dOptions {
  /** Distance between the elements of the filter, all ways or [through, down, across]. Default 1. */
  dilations?: number | Triple;
  /** Groups of channels that are convolved apart from each other. Default 1. */
  groups?: number;
  /** A value for each channel of the result. */
  bias?: TensorLike;
  /** Applied to the result before it is stored. Default `'linear'`. */
  activation?: Activation;
  /** dtype of the result; sums are held in f32 whatever it is. Default: that of the inputs. */
  dtype?: FloatDType;
}

/**
 * `x` (batch, depth, height, width, channels), or one volume without the batch, with `filter` (depth, height, width, channels / groups,
 * filters): (batch, slices, rows, columns, filters). The slices that windows take are copied side by side, which needs the memory of `x` as often as
 * the filter is deep. Throws `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function conv3d(
  x: TensorLike,
  filter: TensorLike,
  strides: number | Triple = 1,
  pad: 'valid' | 'same' = 'valid',
  options: Conv3dOptions = {},
): Tensor {
  checkOptions('conv3d', options, ['dilations', 'groups', 'bias', 'activation', 'dtype']);
  const { dilations = 1, groups = 1, ...rest } = options;
  const [through, ...flat] = checkTriple('conv3d', 'strides', strides);
  const [apart, ...spread] = checkTriple('conv3d', 'dilations', dilations);
  if (pad !== 'valid' && pad !== 'same')
    throw new ArgumentError(`conv3d: pad ${show(pad)}; use 'same' or 'valid'`);
  return tidy(() => {
    const [volumes, weights] = toTensors('conv3d', x, filter);
    const { batched, batch, sizes, channels } = volumeOf('conv3d', volumes);
    const [taps, height, width, own, filters] = filterOf('conv3d', weights, '/ groups, filters');
    if (own * groups !== channels)
      throw new ShapeError(
        `conv3d: channels differ: x is ${showShape(volumes.shape)}, filter is ${showShape(weights.shape)}; use a filter (depth, height, width, ${channels / groups}, filters)`,
      );
    const window = windowOf('conv3d', [sizes[0], 1], [taps, 1], {
      ...{ strides: [through, 1], dilations: [apart, 1], pad },
    });
    const [slices, before] = [window.positions[0], window.before[0]];
    const end = (slices - 1) * through + (taps - 1) * apart + 1;
    const deep = padded(batched, [[0, 0], [before, Math.max(0, end - before - sizes[0])], ...NONE]);
    const [, h, w] = sizes;
    const taken = Array.from({ length: taps }, (_, tap) => {
      const begin = tap * apart;
      const along = stridedSlice(deep, [0, begin], [batch, begin + (slices - 1) * through + 1], [1, through]);
      return reshape(along, [batch * slices, h, w, groups, own]);
    });
    const images = reshape(stack(taken, 4), [batch * slices, h, w, taps * channels]);
    const folded = reshape(transpose(weights, [1, 2, 0, 3, 4]), [height, width, taps * own, filters]);
    const y = conv2d(images, folded, flat as unknown as Pair, pad, {
      ...{ ...rest, groups, dilations: spread as unknown as Pair },
    });
    const shape = [slices, ...y.shape.slice(1)];
    return reshape(y, volumes.rank === 5 ? [batch, ...shape] : shape);
  });
}

const NONE: readonly (readonly [0, 0])[] = [
  [0, 0],
  [0, 0],
  [0, 0],
];

/** A tensor of volumes, with a batch of one where there was none. Throws `ShapeError`. */
export function volumeOf(where: string, volumes: Tensor) {
  if (volumes.rank !== 4 && volumes.rank !== 5)
    throw new ShapeError(
      `${where}: x is ${showShape(volumes.shape)}; use (batch, depth, height, width, channels), or (depth, height, width, channels)`,
    );
  const batched = volumes.rank === 5 ? volumes : reshape(volumes, [1, ...volumes.shape]);
  const [batch, depth, height, width, channels] = batched.shape as [number, number, number, number, number];
  return { batched, batch, sizes: [depth, height, width] as const, channels };
}

/** Throws `ShapeError`. */
export function filterOf(where: string, { rank, shape }: Tensor, last: string) {
  if (rank === 5) return shape as readonly [number, number, number, number, number];
  throw new ShapeError(
    `${where}: filter is ${showShape(shape)}; use (depth, height, width, channels ${last})`,
  );
}
