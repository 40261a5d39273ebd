/** Pictures as rows of pixels, and as the float32 numbers that networks take. */
import type { Shape } from '../values/shape.ts';

/** As a file has them: grey (1), grey and alpha (2), RGB (3) or RGBA (4), of 8 or 16 bits. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly data: Uint8Array | Uint16Array;
}

/** Of a network's input: grey, RGB or RGBA. */
export type Channels = 1 | 3 | 4;

/** More pixels than these are refused, in files and as samples. */
export const MOST_PIXELS = 2 ** 26;

/**
 * Numbers from 0 to 255 of shape (height, width, channels); of 16 bits they are in steps of 1/257. Alpha is dropped, as Keras's `load_img` does it;
 * grey becomes three equal channels; colours become grey by 0.299 R + 0.587 G + 0.114 B. A picture without alpha gets 255.
 */
export function numbersOfPixels(pixels: Pixels, channels: Channels): Float32Array {
  const { width, height, channels: own, data } = pixels;
  const unit = data instanceof Uint16Array ? 1 / 257 : 1;
  const colours = own > 2 ? 3 : 1;
  const out = new Float32Array(width * height * channels);
  for (let from = 0, to = 0; from < data.length; from += own, to += channels) {
    if (channels === 1 && colours === 3)
      out[to] = unit * (0.299 * data[from]! + 0.587 * data[from + 1]! + 0.114 * data[from + 2]!);
    else
      for (let channel = 0; channel < Math.min(channels, 3); channel++)
        out[to + channel] = unit * data[from + (colours === 3 ? channel : 0)]!;
    if (channels === 4) out[to + 3] = own === colours ? 255 : unit * data[from + own - 1]!;
  }
  return out;
}

/** (height, width, channels) resized to `size` rows and columns: bilinear between centres of pixels, as `tf.image.resize` does it. */
export function resized(
  values: Float32Array,
  [height, width, channels]: Shape,
  [rows, columns]: readonly [rows: number, columns: number],
): Float32Array {
  if (rows === height && columns === width) return values;
  const out = new Float32Array(rows * columns * channels!);
  const across = stepsOf(width!, columns);
  let to = 0;
  for (const { low: top, high: bottom, share: down } of stepsOf(height!, rows)) {
    for (const { low, high, share } of across) {
      for (let channel = 0; channel < channels!; channel++) {
        const at = (row: number, column: number) => values[(row * width! + column) * channels! + channel]!;
        const above = at(top, low) + share * (at(top, high) - at(top, low));
        const below = at(bottom, low) + share * (at(bottom, high) - at(bottom, low));
        out[to++] = above + down * (below - above);
      }
    }
  }
  return out;
}

/** For each new place the old ones before and behind it, and how far it is from the first to the second. */
function stepsOf(from: number, to: number): { low: number; high: number; share: number }[] {
  return Array.from({ length: to }, (_, place) => {
    const at = Math.min(Math.max(((place + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(at);
    return { low, high: Math.min(low + 1, from - 1), share: at - low };
  });
}

/** (height, width, channels) of numbers from 0 to 255 as pixels of 8 bits; others are cut off there, NaN is 0. */
export function pixelsOfNumbers(values: ArrayLike<number>, [height, width, channels]: Shape): Pixels {
  const data = Uint8ClampedArray.from(values);
  return {
    ...{ width: width!, height: height!, channels: channels as Pixels['channels'] },
    data: new Uint8Array(data.buffer),
  };
}
