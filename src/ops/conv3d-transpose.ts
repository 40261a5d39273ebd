/** `conv3dTranspose`: the gradient of `conv3d` by its volume, as an op of its own; slices that meet the same part of the filter are one product. */
import type { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { show } from '../values/dtype.ts';
import { ArgumentError, ShapeError } from '../values/errors.ts';
import { checkShape, type Shape, showShape } from '../values/shape.ts';
import { checkTriple, type Pair, type Triple, windowOf } from '../values/window.ts';
import { concat } from './concat.ts';
import { conv2dTranspose } from './conv2d-transpose.ts';
import { filterOf, volumeOf } from './conv3d.ts';
import { zeros } from './creation.ts';
import { type TensorLike, toTensors } from './input.ts';
import { pad as padded } from './pad.ts';
import { reshape } from './reshape.ts';
import { slice } from './slice.ts';
import { stack } from './stack.ts';
import { transpose } from './transpose.ts';

/**
 * `x` (batch, slices, rows, columns, filters) with `filter` (depth, height, width, channels, filters) to `outputShape` (batch, depth, height,
 * width, channels), of which `conv3d` with these strides and padding makes the shape of `x`; without the batch where `x` has none. Throws
 * `ShapeError`, `DtypeError`, `ArgumentError`.
 */
export function conv3dTranspose(
  x: TensorLike,
  filter: TensorLike,
  outputShape: Shape,
  strides: number | Triple = 1,
  pad: 'valid' | 'same' = 'valid',
): Tensor {
  const where = 'conv3dTranspose';
  const [through, ...flat] = checkTriple(where, 'strides', strides);
  if (pad !== 'valid' && pad !== 'same')
    throw new ArgumentError(`${where}: pad ${show(pad)}; use 'same' or 'valid'`);
  return tidy(() => {
    const [volumes, weights] = toTensors(where, x, filter);
    const { batched, batch, sizes, channels: filters } = volumeOf(where, volumes);
    const [taps, height, width, channels, own] = filterOf(where, weights, ', filters');
    const wanted = checkShape(where, outputShape);
    const [count, depth, rows, columns, last] = (wanted.length === 4 ? [1, ...wanted] : wanted) as number[];
    if (own !== filters)
      throw new ShapeError(
        `${where}: filters differ: x is ${showShape(volumes.shape)}, filter is ${showShape(weights.shape)}; use a filter (depth, height, width, channels, ${filters})`,
      );
    if (wanted.length !== volumes.rank || count !== batch || last !== channels)
      throw new ShapeError(
        `${where}: outputShape ${showShape(wanted)}; use (${volumes.rank === 5 ? `${batch}, ` : ''}depth, height, width, ${channels})`,
      );
    const window = windowOf(where, [depth!, 1], [taps, 1], { strides: [through, 1], pad });
    if (window.positions[0] !== sizes[0])
      throw new ShapeError(
        `${where}: a convolution makes ${window.positions[0]} slices of outputShape ${showShape(wanted)}, x has ${sizes[0]}; use an outputShape that goes with x`,
      );
    // Slice q * through + phase of the result is the sum of filter[tap] on slice q + (phase + before - tap) / through of x.
    const wide = Math.ceil(depth! / through);
    const small = [batch * wide, rows!, columns!, channels] as const;
    const phases = Array.from({ length: through }, (_, phase) => {
      const from = Array.from({ length: taps }, (_, tap) => ({ tap, at: phase + window.before[0] - tap }));
      const met = from
        .filter(({ at }) => at % through === 0)
        .map(({ tap, at }) => ({ tap, at: at / through }));
      if (met.length === 0)
        return zeros([batch, wide, ...small.slice(1)], volumes.dtype, { engine: volumes.engine });
      const first = Math.min(...met.map(({ at }) => at));
      const lasting = Math.max(...met.map(({ at }) => at)) + wide;
      const front = Math.max(0, -first);
      const room = padded(batched, [
        [0, 0],
        [front, Math.max(0, lasting - sizes[0])],
        ...Array.from({ length: 3 }, () => [0, 0] as const),
      ]);
      const taken = met.map(({ at }) =>
        reshape(slice(room, [0, at + front, 0, 0, 0], [batch, wide, sizes[1], sizes[2], filters]), [
          batch * wide,
          ...[sizes[1], sizes[2], filters],
        ]),
      );
      const parts = met.map(({ tap }) =>
        slice(weights, [tap, 0, 0, 0, 0], [1, height, width, channels, filters]),
      );
      const folded = transpose(concat(parts, 0), [1, 2, 3, 0, 4]);
      const y = conv2dTranspose(
        concat(taken, 3),
        reshape(folded, [height, width, channels, met.length * filters]),
        small,
        flat as unknown as Pair,
        pad,
      );
      return reshape(y, [batch, wide, ...small.slice(1)]);
    });
    const whole = reshape(stack(phases, 2), [batch, wide * through, ...small.slice(1)]);
    return reshape(slice(whole, [0, 0, 0, 0, 0], [batch, depth!, ...small.slice(1)]), wanted);
  });
}
