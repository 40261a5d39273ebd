/** Pairs to train an upscaler on: square parts of a picture, and the same parts at half their size. */

export interface Patches {
  readonly small: { readonly values: Float32Array; readonly shape: readonly number[] };
  readonly large: { readonly values: Float32Array; readonly shape: readonly number[] };
  readonly count: number;
}

const SIDE = 32;
const CHANNELS = 3;

/** Parts of 32 x 32 that overlap by half, in a fixed order without neighbours next to each other; halved by the mean of 2 x 2 pixels. */
export function toPatches({ values, shape }: { values: Float32Array; shape: readonly number[] }): Patches {
  const [, rows, columns] = shape as [number, number, number];
  const corners: [number, number][] = [];
  for (let y = 0; y + SIDE <= rows; y += SIDE / 2)
    for (let x = 0; x + SIDE <= columns; x += SIDE / 2) corners.push([y, x]);
  const count = corners.length;
  const large = new Float32Array(count * SIDE * SIDE * CHANNELS);
  const half = SIDE / 2;
  const small = new Float32Array(count * half * half * CHANNELS);
  // A step without a divisor in common with their number comes past each once.
  const step = [7, 11, 13].find((prime) => count % prime !== 0)!;
  for (let patch = 0; patch < count; patch++) {
    const [top, left] = corners[(patch * step) % count]!;
    for (let y = 0; y < SIDE; y++)
      for (let x = 0; x < SIDE; x++)
        for (let channel = 0; channel < CHANNELS; channel++) {
          const value = values[((top + y) * columns + left + x) * CHANNELS + channel]!;
          large[((patch * SIDE + y) * SIDE + x) * CHANNELS + channel] = value;
          small[((patch * half + (y >> 1)) * half + (x >> 1)) * CHANNELS + channel]! += value / 4;
        }
  }
  return {
    small: { values: small, shape: [count, half, half, CHANNELS] },
    large: { values: large, shape: [count, SIDE, SIDE, CHANNELS] },
    count,
  };
}
