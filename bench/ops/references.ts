/** What the ops must give, in plain f64 loops: by blocks of neighbouring elements, so that of a large result some are enough. */

/** An input as it lies in memory. */
export interface Plain {
  readonly shape: readonly number[];
  readonly data: Float32Array | Int32Array;
}

/** One result of an op. */
export interface Reference {
  readonly size: number;
  /** Elements that are computed together; they divide the size. */
  readonly block: number;
  /** Values summed in each element, by which errors are allowed. */
  readonly terms: number;
  /** Multiply-adds of a block. */
  readonly cost: number;
  values(block: number): Float64Array;
}

const range = (count: number) => Array.from({ length: count }, (_, index) => index);

/** For image positions of 'same' windows with strides of 1: the filter element and the place on the image under it. */
function forTaps(
  [height, width]: readonly [number, number],
  [down, across]: readonly [number, number],
  [i, j]: readonly [number, number],
  turned: boolean,
  visit: (tap: number, place: number) => void,
): void {
  const [top, left] = [Math.floor((down - 1) / 2), Math.floor((across - 1) / 2)];
  for (let p = 0; p < down; p++) {
    for (let q = 0; q < across; q++) {
      const [y, x] = turned ? [i - p + top, j - q + left] : [i + p - top, j + q - left];
      if (y >= 0 && y < height && x >= 0 && x < width) visit(p * across + q, y * width + x);
    }
  }
}

type Taps = (batch: number, position: number, visit: (tap: number, row: number) => void) => void;

/** Rows of channels that meet a position of an image, and the filter element between. */
function tapsOf({ shape }: Plain, [down, across]: readonly [number, number], turned: boolean): Taps {
  const [, height, width] = shape as [number, number, number];
  return (batch, position, visit) =>
    forTaps(
      [height, width],
      [down, across],
      [Math.floor(position / width), position % width],
      turned,
      (tap, place) => visit(tap, batch * height * width + place),
    );
}

/** `image` (batch, height, width, channels) through windows of `filter` (down, across, channels, filters), 'same'. */
export function convolved(image: Plain, { shape, data }: Plain): Reference {
  const [down, across, channels, filters] = shape as [number, number, number, number];
  const taps = tapsOf(image, [down, across], false);
  return {
    ...places(image, filters, down * across * channels),
    values: (block) => {
      const sums = new Float64Array(filters);
      taps(...placeOf(image, block), (tap, row) => {
        for (let c = 0; c < channels; c++) {
          const value = image.data[row * channels + c]!;
          const first = (tap * channels + c) * filters;
          for (let f = 0; f < filters; f++) sums[f]! += value * data[first + f]!;
        }
      });
      return sums;
    },
  };
}

/** The gradient of `convolved` by its image. */
export function convolvedByImage(upstream: Plain, { shape, data }: Plain): Reference {
  const [down, across, channels, filters] = shape as [number, number, number, number];
  const taps = tapsOf(upstream, [down, across], true);
  return {
    ...places(upstream, channels, down * across * filters),
    values: (block) => {
      const sums = new Float64Array(channels);
      taps(...placeOf(upstream, block), (tap, row) => {
        for (let c = 0; c < channels; c++) {
          const first = (tap * channels + c) * filters;
          for (let f = 0; f < filters; f++) sums[c]! += upstream.data[row * filters + f]! * data[first + f]!;
        }
      });
      return sums;
    },
  };
}

/** The gradient of `convolved` by its filter (down, across, ...). */
export function convolvedByFilter(
  image: Plain,
  upstream: Plain,
  [down, across]: readonly [number, number],
): Reference {
  const [channels, filters] = [image.shape[3]!, upstream.shape[3]!];
  const positions = upstream.data.length / filters;
  const taps = tapsOf(image, [down, across], false);
  return {
    ...{ size: down * across * channels * filters, block: filters, terms: positions },
    cost: positions * (filters + down * across),
    values: (block) => {
      const [wanted, c] = [Math.floor(block / channels), block % channels];
      const sums = new Float64Array(filters);
      for (let position = 0; position < positions; position++) {
        taps(...placeOf(image, position), (tap, row) => {
          if (tap !== wanted) return;
          const value = image.data[row * channels + c]!;
          for (let f = 0; f < filters; f++) sums[f]! += value * upstream.data[position * filters + f]!;
        });
      }
      return sums;
    },
  };
}

/** Each channel of `image` through its own `filter` (down, across, channels, 1); `turned`: the gradient by the image. */
export function depthwise(image: Plain, { shape, data }: Plain, turned: boolean): Reference {
  const [down, across, channels] = shape as [number, number, number];
  const taps = tapsOf(image, [down, across], turned);
  return {
    ...places(image, channels, down * across),
    values: (block) => {
      const sums = new Float64Array(channels);
      taps(...placeOf(image, block), (tap, row) => {
        for (let c = 0; c < channels; c++)
          sums[c]! += image.data[row * channels + c]! * data[tap * channels + c]!;
      });
      return sums;
    },
  };
}

/** The gradient of `depthwise` by its filter. */
export function depthwiseByFilter(
  image: Plain,
  upstream: Plain,
  [down, across]: readonly [number, number],
): Reference {
  const channels = image.shape[3]!;
  const positions = upstream.data.length / channels;
  const taps = tapsOf(image, [down, across], false);
  const size = down * across * channels;
  return {
    ...{ size, block: size, terms: positions, cost: positions * size },
    values: () => {
      const sums = new Float64Array(size);
      for (let position = 0; position < positions; position++) {
        taps(...placeOf(image, position), (tap, row) => {
          for (let c = 0; c < channels; c++)
            sums[tap * channels + c]! +=
              image.data[row * channels + c]! * upstream.data[position * channels + c]!;
        });
      }
      return sums;
    },
  };
}

/** A result with `channels` at each place of the images, of so many multiply-adds an element. */
function places({ shape }: Plain, channels: number, terms: number) {
  const count = shape.slice(0, 3).reduce((a, b) => a * b);
  return { size: count * channels, block: channels, terms, cost: channels * terms };
}

function placeOf({ shape }: Plain, index: number): [batch: number, position: number] {
  const area = shape[1]! * shape[2]!;
  return [Math.floor(index / area), index % area];
}

/** Of each head of query, key and value, all (heads, length, size): the result, and with `upstream` the gradients by the three. */
export function attention(query: Plain, key: Plain, value: Plain, upstream?: Plain): Reference[] {
  const [, length, size] = query.shape as [number, number, number];
  const block = length * size;
  const headOf = ({ data }: Plain, head: number) =>
    Float64Array.from(data.subarray(head * block, (head + 1) * block));
  const scale = 1 / Math.sqrt(size);
  const product = (a: Float64Array, b: Float64Array, i: number, j: number) => {
    let sum = 0;
    for (let d = 0; d < size; d++) sum += a[i * size + d]! * b[j * size + d]!;
    return sum;
  };
  const matrix = (element: (i: number, j: number) => number) =>
    Float64Array.from({ length: length * length }, (_, at) => element(Math.floor(at / length), at % length));
  /** `weights` rows (i, j) times rows j of `b`; turned, rows j (i, j) times rows i of `b`. */
  const times = (weights: Float64Array, b: Float64Array, turned: boolean) => {
    const result = new Float64Array(block);
    for (let i = 0; i < length; i++) {
      for (let j = 0; j < length; j++) {
        const weight = weights[i * length + j]!;
        const [to, from] = turned ? [j, i] : [i, j];
        for (let d = 0; d < size; d++) result[to * size + d]! += weight * b[from * size + d]!;
      }
    }
    return result;
  };
  const softmaxOf = (head: number) => {
    const [q, k] = [headOf(query, head), headOf(key, head)];
    const weights = matrix((i, j) => Math.exp(scale * product(q, k, i, j)));
    for (const i of range(length)) {
      const row = weights.subarray(i * length, (i + 1) * length);
      const total = row.reduce((a, b) => a + b);
      for (const j of range(length)) row[j]! /= total;
    }
    return weights;
  };
  /** Gradient by the scores. */
  const scoresOf = (head: number, g: Plain) => {
    const [weights, v, dy] = [softmaxOf(head), headOf(value, head), headOf(g, head)];
    const slopes = matrix((i, j) => product(dy, v, i, j));
    for (const i of range(length)) {
      const [p, s] = [weights, slopes].map((all) => all.subarray(i * length, (i + 1) * length));
      const mean = p!.reduce((sum, weight, j) => sum + weight * s![j]!, 0);
      for (const j of range(length)) s![j] = scale * p![j]! * (s![j]! - mean);
    }
    return slopes;
  };
  const common = { size: query.data.length, block, terms: length + size, cost: 4 * length * length * size };
  const forward = { ...common, values: (head: number) => times(softmaxOf(head), headOf(value, head), false) };
  if (!upstream) return [forward];
  return [
    forward,
    { ...common, values: (head) => times(scoresOf(head, upstream), headOf(key, head), false) },
    { ...common, values: (head) => times(scoresOf(head, upstream), headOf(query, head), true) },
    { ...common, values: (head) => times(softmaxOf(head), headOf(upstream, head), true) },
  ];
}
