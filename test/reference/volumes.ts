// Reference: convolutions and pooling of NDHWC volumes, by their definitions.
import { at, build, type Plain } from './array.ts';

export type Triple = readonly [through: number, down: number, across: number];

export interface Windows3d {
  strides?: number | Triple;
  pad?: 'same' | 'valid';
  dilations?: number | Triple;
}

const all = (value: number | Triple): Triple => (typeof value === 'number' ? [value, value, value] : value);

/** Windows along each axis, and what lies before the first. TensorFlow's rules. */
function windows(
  sizes: readonly number[],
  filter: readonly number[],
  { strides = 1, pad = 'valid', dilations = 1 }: Windows3d,
) {
  return sizes.map((size, axis) => {
    const [stride, dilation] = [all(strides)[axis]!, all(dilations)[axis]!];
    const extent = (filter[axis]! - 1) * dilation + 1;
    if (pad === 'valid')
      return { count: Math.floor((size - extent) / stride) + 1, before: 0, stride, dilation };
    const count = Math.ceil(size / stride);
    const whole = Math.max(0, (count - 1) * stride + extent - size);
    return { count, before: Math.floor(whole / 2), stride, dilation };
  });
}

/** Calls `visit` with each place of the volume that the window at `position` has, and with that of the filter. */
function visitWindow(
  sizes: readonly number[],
  filter: readonly number[],
  position: readonly number[],
  options: Windows3d,
  visit: (place: number[], tap: number[]) => void,
): void {
  const along = windows(sizes, filter, options);
  const [depth, height, width] = filter as [number, number, number];
  for (let tap = 0; tap < depth * height * width; tap++) {
    const own = [Math.floor(tap / (height * width)), Math.floor(tap / width) % height, tap % width];
    const place = own.map((k, axis) => {
      const { stride, dilation, before } = along[axis]!;
      return position[axis]! * stride + k * dilation - before;
    });
    if (place.every((x, axis) => x >= 0 && x < sizes[axis]!)) visit(place, own);
  }
}

const volume = ({ shape }: Plain) => shape.slice(1, 4);

/** `x` (batch, depth, height, width, channels), `filter` (depth, height, width, channels / groups, filters). */
export function conv3d(
  x: Plain,
  filter: Plain,
  options: Windows3d & { groups?: number; bias?: Plain | undefined } = {},
): Plain {
  const { groups = 1, bias } = options;
  const [own, channels, filters] = [filter.shape.slice(0, 3), filter.shape[3]!, filter.shape[4]!];
  const counts = windows(volume(x), own, options).map(({ count }) => count);
  return build([x.shape[0]!, ...counts, filters], ([b, i, j, k, n]) => {
    const first = Math.floor(n! / (filters / groups)) * channels;
    let sum = bias ? bias.data[n!]! : 0;
    visitWindow(volume(x), own, [i!, j!, k!], options, (place, tap) => {
      for (let c = 0; c < channels; c++)
        sum += at(x, [b!, ...place, first + c]) * at(filter, [...tap, c, n!]);
    });
    return sum;
  });
}

/** `filter` (depth, height, width, channels, filters): each value goes to all places of its window. */
export function conv3dTranspose(x: Plain, filter: Plain, size: Triple, options: Windows3d = {}): Plain {
  const [own, channels, filters] = [filter.shape.slice(0, 3), filter.shape[3]!, filter.shape[4]!];
  const result = build([x.shape[0]!, ...size, channels], () => 0);
  const sums = [...result.data];
  build(x.shape.slice(0, 4), ([b, i, j, k]) => {
    visitWindow(size, own, [i!, j!, k!], options, ([d, y, column], tap) => {
      const place = ((b! * size[0] + d!) * size[1] + y!) * size[2] + column!;
      for (let c = 0; c < channels; c++)
        for (let n = 0; n < filters; n++)
          sums[place * channels + c]! += at(x, [b!, i!, j!, k!, n]) * at(filter, [...tap, c, n]);
    });
    return 0;
  });
  return { shape: result.shape, data: sums };
}

/** The largest value of each window. */
export function maxPool3d(x: Plain, filter: Triple, options: Windows3d): Plain {
  return pooled(x, filter, options, (values) => Math.max(...values));
}

/** The mean of what each window has of the volume. */
export function avgPool3d(x: Plain, filter: Triple, options: Windows3d): Plain {
  return pooled(x, filter, options, (values) => values.reduce((a, b) => a + b, 0) / values.length);
}

function pooled(x: Plain, filter: Triple, options: Windows3d, fold: (values: number[]) => number): Plain {
  const counts = windows(volume(x), filter, options).map(({ count }) => count);
  return build([x.shape[0]!, ...counts, x.shape[4]!], ([b, i, j, k, c]) => {
    const values: number[] = [];
    visitWindow(volume(x), filter, [i!, j!, k!], options, (place) => values.push(at(x, [b!, ...place, c!])));
    return fold(values);
  });
}
