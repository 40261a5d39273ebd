// Reference: convolutions, pooling and resizing of NHWC images, by their definitions.
import { at, build, type Plain } from './array.ts';
import { ACTIVATIONS } from './matmul.ts';

export type Pair = readonly [down: number, across: number];
export type Pad = 'same' | 'valid' | number | readonly (readonly [number, number])[];

export interface Windows {
  strides?: number | Pair;
  pad?: Pad;
  dilations?: number | Pair;
}

const both = (value: number | Pair): Pair => (typeof value === 'number' ? [value, value] : value);

/** Results along one axis, and what is padded before its first. TensorFlow's rules. */
function along(
  size: number,
  filter: number,
  axis: 0 | 1,
  { strides = 1, pad = 'valid', dilations = 1 }: Windows,
) {
  const [stride, dilation] = [both(strides)[axis], both(dilations)[axis]];
  const extent = (filter - 1) * dilation + 1;
  if (pad === 'same') {
    const count = Math.ceil(size / stride);
    return {
      count,
      before: Math.floor(Math.max(0, (count - 1) * stride + extent - size) / 2),
      stride,
      dilation,
    };
  }
  const [before, after] = pad === 'valid' ? [0, 0] : typeof pad === 'number' ? [pad, pad] : pad[axis + 1]!;
  return { count: Math.floor((size + before + after - extent) / stride) + 1, before, stride, dilation };
}

/** Calls `visit` for every filter element that meets the image at this position. */
function visitWindow(
  [height, width]: Pair,
  [down, across]: Pair,
  [i, j]: Pair,
  windows: Windows,
  visit: (y: number, x: number, p: number, q: number) => void,
): void {
  const [vertical, horizontal] = [along(height, down, 0, windows), along(width, across, 1, windows)];
  for (let p = 0; p < down; p++) {
    const y = i * vertical.stride + p * vertical.dilation - vertical.before;
    if (y < 0 || y >= height) continue;
    for (let q = 0; q < across; q++) {
      const x = j * horizontal.stride + q * horizontal.dilation - horizontal.before;
      if (x >= 0 && x < width) visit(y, x, p, q);
    }
  }
}

function positions([height, width]: Pair, [down, across]: Pair, windows: Windows): [number, number] {
  return [along(height, down, 0, windows).count, along(width, across, 1, windows).count];
}

const sizesOf = ({ shape }: Plain, first: number): Pair => [shape[first]!, shape[first + 1]!];

export interface ConvOptions extends Windows {
  groups?: number;
  bias?: Plain | undefined;
  activation?: keyof typeof ACTIVATIONS;
}

/** `x` (batch, height, width, channels), `filter` (down, across, channels / groups, filters). */
export function conv2d(x: Plain, filter: Plain, options: ConvOptions = {}): Plain {
  const { groups = 1, bias, activation = 'linear' } = options;
  const [image, own] = [sizesOf(x, 1), sizesOf(filter, 0)];
  const [channels, filters] = [filter.shape[2]!, filter.shape[3]!];
  return build([x.shape[0]!, ...positions(image, own, options), filters], ([b, i, j, n]) => {
    const first = Math.floor(n! / (filters / groups)) * channels;
    let sum = bias ? bias.data[n!]! : 0;
    visitWindow(image, own, [i!, j!], options, (y, column, p, q) => {
      for (let c = 0; c < channels; c++) sum += at(x, [b!, y, column, first + c]) * at(filter, [p, q, c, n!]);
    });
    return ACTIVATIONS[activation](sum);
  });
}

/** `filter` (down, across, channels, multiplier). */
export function depthwiseConv2d(x: Plain, filter: Plain, options: ConvOptions = {}): Plain {
  const { bias, activation = 'linear' } = options;
  const [image, own] = [sizesOf(x, 1), sizesOf(filter, 0)];
  const [channels, multiplier] = [filter.shape[2]!, filter.shape[3]!];
  return build([x.shape[0]!, ...positions(image, own, options), channels * multiplier], ([b, i, j, n]) => {
    const c = Math.floor(n! / multiplier);
    let sum = bias ? bias.data[n!]! : 0;
    visitWindow(image, own, [i!, j!], options, (y, column, p, q) => {
      sum += at(x, [b!, y, column, c]) * at(filter, [p, q, c, n! % multiplier]);
    });
    return ACTIVATIONS[activation](sum);
  });
}

/** `x` (batch, rows, columns, filters), `filter` (down, across, channels, filters): each value goes to all places of its window. */
export function conv2dTranspose(x: Plain, filter: Plain, size: Pair, options: Windows = {}): Plain {
  const own = sizesOf(filter, 0);
  const [channels, filters] = [filter.shape[2]!, filter.shape[3]!];
  const result = build([x.shape[0]!, ...size, channels], () => 0);
  const sums = [...result.data];
  for (let b = 0; b < x.shape[0]!; b++) {
    for (let i = 0; i < x.shape[1]!; i++) {
      for (let j = 0; j < x.shape[2]!; j++) {
        visitWindow(size, own, [i, j], options, (y, column, p, q) => {
          for (let c = 0; c < channels; c++) {
            for (let n = 0; n < filters; n++)
              sums[((b * size[0] + y) * size[1] + column) * channels + c]! +=
                at(x, [b, i, j, n]) * at(filter, [p, q, c, n]);
          }
        });
      }
    }
  }
  return { shape: result.shape, data: sums };
}

/** The largest value of each window. */
export function maxPool(x: Plain, filter: Pair, options: Windows): Plain {
  return pooled(x, filter, options, (values) => Math.max(...values));
}

/** The mean of what each window has of the image. */
export function avgPool(x: Plain, filter: Pair, options: Windows): Plain {
  return pooled(
    x,
    filter,
    options,
    (values) => values.reduce((sum, value) => sum + value, 0) / values.length,
  );
}

function pooled(x: Plain, filter: Pair, options: Windows, fold: (values: number[]) => number): Plain {
  const image = sizesOf(x, 1);
  return build([x.shape[0]!, ...positions(image, filter, options), x.shape[3]!], ([b, i, j, c]) => {
    const values: number[] = [];
    visitWindow(image, filter, [i!, j!], options, (y, column) => values.push(at(x, [b!, y, column, c!])));
    return fold(values);
  });
}

export interface Sampling {
  alignCorners?: boolean;
  halfPixelCenters?: boolean;
}

/** Where a result lies on the input's axis, as in TensorFlow.js. */
function place(
  index: number,
  from: number,
  to: number,
  { alignCorners, halfPixelCenters }: Sampling,
  half: number,
) {
  const aligned = alignCorners && to > 1;
  const ratio = aligned ? (from - 1) / (to - 1) : from / to;
  return halfPixelCenters ? ratio * (index + 0.5) - half : ratio * index;
}

export function resizeNearestNeighbor(x: Plain, size: Pair, sampling: Sampling = {}): Plain {
  const { alignCorners = false } = sampling;
  const nearest = (index: number, axis: 0 | 1) => {
    const from = x.shape[axis + 1]!;
    const exact = place(index, from, size[axis], sampling, 0);
    return Math.min(from - 1, alignCorners ? Math.round(exact) : Math.floor(exact));
  };
  return build([x.shape[0]!, ...size, x.shape[3]!], ([b, i, j, c]) =>
    at(x, [b!, nearest(i!, 0), nearest(j!, 1), c!]),
  );
}

export function resizeBilinear(x: Plain, size: Pair, sampling: Sampling = {}): Plain {
  const neighbours = (index: number, axis: 0 | 1) => {
    const from = x.shape[axis + 1]!;
    const exact = Math.max(0, place(index, from, size[axis], sampling, 0.5));
    const low = Math.min(from - 1, Math.floor(exact));
    return { low, high: Math.min(from - 1, low + 1), part: exact - low };
  };
  return build([x.shape[0]!, ...size, x.shape[3]!], ([b, i, j, c]) => {
    const [vertical, horizontal] = [neighbours(i!, 0), neighbours(j!, 1)];
    const row = (y: number) =>
      at(x, [b!, y, horizontal.low, c!]) * (1 - horizontal.part) +
      at(x, [b!, y, horizontal.high, c!]) * horizontal.part;
    return row(vertical.low) * (1 - vertical.part) + row(vertical.high) * vertical.part;
  });
}
