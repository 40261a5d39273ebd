/** Conversion between numbers and the bits of IEEE 754 binary16, with round-to-nearest-even. */

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

/** Largest finite half, 65504. */
export const HALF_MAX = 65504;
/** Smallest normal half, 2^-14. */
export const HALF_MIN_NORMAL = 2 ** -14;
/** Smallest subnormal half, 2^-24; half of it and less becomes zero. */
export const HALF_MIN = 2 ** -24;

/** Bits of the half nearest to `value`; ties to even; 65520 and more become infinity; NaN becomes 0x7e00 with its sign. */
export function toHalf(value: number): number {
  float[0] = value;
  const bits = word[0]!;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = Math.abs(value);
  if (Number.isNaN(value)) return sign | 0x7e00;
  if (magnitude >= 65520) return sign | 0x7c00;
  if (magnitude < HALF_MIN_NORMAL) return sign | roundToEven(magnitude / HALF_MIN);
  // Just below a power of two it may be that one's, of which the nearest half is the same.
  const e = ((bits >>> 23) & 0xff) - 127;
  // A mantissa that rounds up to 2048 carries into the exponent by itself.
  return sign | (((e + 14) << 10) + roundToEven(magnitude * 2 ** (10 - e)));
}

/** The number that the half with these bits stands for. */
export function fromHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 0x1f;
  const mantissa = bits & 0x3ff;
  if (exponent === 0) return sign * mantissa * HALF_MIN;
  if (exponent === 31) return mantissa ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return sign * (1024 + mantissa) * 2 ** (exponent - 25);
}

/** `value` rounded to the nearest half. */
export function roundToHalf(value: number): number {
  return fromHalf(toHalf(value));
}

/** Bits of every value, as they lie in GPU memory. */
export function toHalves(values: ArrayLike<number>): Uint16Array {
  const bits = new Uint16Array(values.length);
  for (let i = 0; i < bits.length; i++) bits[i] = toHalf(values[i]!);
  return bits;
}

let widened: Float32Array | undefined;

/** Every half widened; float32 holds each of them exactly. */
export function fromHalves(bits: ArrayLike<number>): Float32Array {
  // All halves there are, by their bits: twenty times as fast as to compute each.
  widened ??= new Float32Array(2 ** 16).map((_, half) => fromHalf(half));
  const values = new Float32Array(bits.length);
  for (let i = 0; i < values.length; i++) values[i] = widened[bits[i]!]!;
  return values;
}

function roundToEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
