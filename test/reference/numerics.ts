// What `tally_exponents.wgsl` counts, in plain numbers.
export interface Counts {
  readonly zeros: number;
  readonly below: number;
  readonly subnormal: number;
  readonly above: number;
  readonly infinities: number;
  readonly nans: number;
  /** By binary exponent. */
  readonly exponents: ReadonlyMap<number, number>;
}

/** `scale`, a power of two, is divided out of exponents, and of nothing else. */
export function countsOf(values: ArrayLike<number>, scale = 1): Counts {
  const counts = { zeros: 0, below: 0, subnormal: 0, above: 0, infinities: 0, nans: 0 };
  const exponents = new Map<number, number>();
  for (const value of Array.from(values)) {
    const size = Math.abs(value);
    if (Number.isNaN(value)) counts.nans++;
    else if (size === Infinity) counts.infinities++;
    else if (size === 0) counts.zeros++;
    else {
      if (size < 2 ** -24) counts.below++;
      else if (size < 2 ** -14) counts.subnormal++;
      else if (size > 65504) counts.above++;
      const exponent = exponentOf(size / scale);
      exponents.set(exponent, (exponents.get(exponent) ?? 0) + 1);
    }
  }
  return { ...counts, exponents };
}

/** The whole number e with 2^e <= size < 2^(e + 1). */
export function exponentOf(size: number): number {
  let exponent = 0;
  while (2 ** exponent > size) exponent--;
  while (2 ** (exponent + 1) <= size) exponent++;
  return exponent;
}
