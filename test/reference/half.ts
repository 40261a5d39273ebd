// Reference: the numbers of IEEE 754 binary16, from a table of all of them; shares no code with src/values/half.ts.

export const MIN_NORMAL = 2 ** -14;

/** The value of each finite half from 0 to 65504, by its bits. */
const MAGNITUDES: readonly number[] = Array.from({ length: 0x7c00 }, (_, bits) => {
  const [exponent, mantissa] = [Math.floor(bits / 1024), bits % 1024];
  return exponent === 0 ? mantissa / 2 ** 24 : (1 + mantissa / 1024) * 2 ** (exponent - 15);
});

/** The number that the half with these bits stands for. */
export function halfValue(bits: number): number {
  const magnitude = bits % 0x8000;
  const value = magnitude > 0x7c00 ? Number.NaN : (MAGNITUDES[magnitude] ?? Number.POSITIVE_INFINITY);
  return bits >= 0x8000 ? -value : value;
}

/** Bits of the half nearest to `value`, found among all halves; of two equally near ones the even. NaN is 0x7e00. */
export function halfBits(value: number): number {
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  if (Number.isNaN(value)) return 0x7e00;
  const magnitude = Math.abs(value);
  let [low, high] = [0, 0x7c00];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (MAGNITUDES[middle]! <= magnitude) low = middle;
    else high = middle;
  }
  // The next half after the largest would be 65536.
  const [below, above] = [MAGNITUDES[low]!, MAGNITUDES[high] ?? 65536];
  const [down, up] = [magnitude - below, above - magnitude];
  return sign + (down < up || (down === up && low % 2 === 0) ? low : high);
}

/** `value` rounded to a half. */
export function nearestHalf(value: number): number {
  return halfValue(halfBits(value));
}

/** The distance between the halves around `value`. */
export function halfUlp(value: number): number {
  const magnitude = Math.min(Math.abs(value), 65504);
  return 2 ** (Math.max(-14, Math.floor(Math.log2(magnitude))) - 10);
}
