// Reference: how a weight in float16 takes a new value, from the table of all halves; no bits of float32 are looked at.
import { halfBits, halfValue, MIN_NORMAL, nearestHalf } from './half.ts';
import { threefry } from './random.ts';

/** Bits of the half that `value`, a float32, becomes: away from 0 where the random word's share of a step and the value's own make a whole one. */
export function stochasticHalf(value: number, word: number): number {
  const magnitude = Math.abs(value);
  if (!(magnitude < 65504)) return magnitude < 65520 ? halfBits(Math.sign(value) * 65504) : halfBits(value);
  const nearest = halfBits(magnitude);
  const below = halfValue(nearest) > magnitude ? nearest - 1 : nearest;
  const share = (magnitude - halfValue(below)) / (halfValue(below + 1) - halfValue(below));
  // A float32 has 13 bits below the last one of a half, and more where the half is subnormal; of them 31 count.
  let bits = 13;
  for (let bound = MIN_NORMAL; magnitude < bound && bits < 31; bound /= 2) bits++;
  const up = Math.floor(share * 2 ** bits) + (word % 2 ** bits) >= 2 ** bits;
  return below + (up ? 1 : 0) + (value < 0 || Object.is(value, -0) ? 0x8000 : 0);
}

/** The random words of `size` weights that lie in one part of a step: those of `stream` and `iteration`. */
export function roundingWords(seed: number, iteration: number, stream: number, size: number): number[] {
  const quads = Array.from({ length: Math.ceil(size / 4) }, (_, quad) => [
    ...threefry([seed, iteration], [quad, 4 + 2 * stream]),
    ...threefry([seed, iteration], [quad, 5 + 2 * stream]),
  ]);
  return quads.flat().slice(0, size);
}

/** A weight and its compensation, as they are stored. */
export interface Compensated {
  readonly high: number;
  readonly low: number;
}

/** The number that both stand for. */
export function compensatedValue({ high, low }: Compensated): number {
  return high + low / 2048;
}

export function compensated(value: number): Compensated {
  const high = nearestHalf(value);
  return { high, low: Number.isFinite(high) ? nearestHalf(2048 * (value - high)) : 0 };
}
