/** Which loss scales would have lost nothing: from the exponents that gradients have without one. */
import type { OpNumerics } from './op-numerics.ts';

/** Powers of two. */
export interface ScaleRange {
  /** Largest with which no gradient would have been beyond float16. */
  readonly largest: number;
  /** Smallest with which less than the tolerated share of them would have been below 2^-24. */
  readonly smallest: number;
  /** Whether the one lies below the other: then each scale between them loses nothing. */
  readonly exists: boolean;
  /** Share of the gradients that would have been below 2^-24 with the largest. */
  readonly lostAtLargest: number;
}

/** What becomes infinite in float16. */
const BEYOND = 65520;
const SMALLEST_HALF = -24;
/** Exponents of scales that an optimizer's state holds. */
const [LOWEST, HIGHEST] = [-126, 127];

/** For the gradients of `ops` together; undefined where there are none but zeros. */
export function scaleRange(ops: readonly OpNumerics[], tolerated: number): ScaleRange | undefined {
  const greatest = Math.max(0, ...ops.map(({ largest }) => largest));
  if (greatest === 0) return undefined;
  const all = ops.flatMap(({ histogram: { first, counts } }) =>
    counts.map((count, i) => ({ exponent: first + i, count })),
  );
  const sum = (bins: typeof all) => bins.reduce((total, { count }) => total + count, 0);
  const total = sum(all);
  const lost = (power: number) => sum(all.filter((bin) => bin.exponent + power < SMALLEST_HALF)) / total;
  let most = HIGHEST;
  while (most > LOWEST && greatest * 2 ** most >= BEYOND) most--;
  let least = LOWEST;
  while (least < HIGHEST && lost(least) >= tolerated) least++;
  return { largest: 2 ** most, smallest: 2 ** least, exists: least <= most, lostAtLargest: lost(most) };
}

/** Whether a gradient would have been beyond float16 with this scale. */
export function overflowsAt({ largest }: OpNumerics, scale: number): boolean {
  return largest * scale >= BEYOND;
}
