/** Ranges of float32 values against those of float16: what would overflow, vanish or lose digits there. */
import type { Tensor } from '../autograd/tensor.ts';
import { keep, tidy } from '../autograd/tidy.ts';
import { abs } from '../ops/abs.ts';
import { cast } from '../ops/cast.ts';
import { greater, greaterEqual } from '../ops/compare.ts';
import { concat } from '../ops/concat.ts';
import { max } from '../ops/max.ts';
import { reshape } from '../ops/reshape.ts';
import { sum } from '../ops/sum.ts';
import { HALF_MAX, HALF_MIN, HALF_MIN_NORMAL } from '../values/half.ts';

export interface Range {
  /** The largest |x|; NaN where there is one. */
  readonly max: number;
  readonly count: number;
  readonly nonzero: number;
  /** Below 2^-24, the smallest half, and not 0. */
  readonly vanishing: number;
  /** From 2^-24 to 2^-14: halves with fewer digits. */
  readonly subnormal: number;
  /** Above 65504, the largest half. */
  readonly beyond: number;
}

/** Of values on the host. */
export function rangeOf(values: ArrayLike<number>): Range {
  let largest = 0;
  let [nonzero, vanishing, subnormal, beyond] = [0, 0, 0, 0];
  for (let index = 0; index < values.length; index++) {
    const size = Math.abs(values[index]!);
    if (!(size <= largest)) largest = Number.isNaN(largest) ? largest : size;
    if (size > 0) nonzero++;
    if (size > 0 && size < HALF_MIN) vanishing++;
    if (size >= HALF_MIN && size < HALF_MIN_NORMAL) subnormal++;
    if (size > HALF_MAX) beyond++;
  }
  return { max: largest, count: values.length, nonzero, vanishing, subnormal, beyond };
}

/** The range of two arrays together. */
export function joined(a: Range, b: Range): Range {
  return {
    // NaN wins, as Math.max has it.
    max: Math.max(a.max, b.max),
    count: a.count + b.count,
    nonzero: a.nonzero + b.nonzero,
    vanishing: a.vanishing + b.vanishing,
    subnormal: a.subnormal + b.subnormal,
    beyond: a.beyond + b.beyond,
  };
}

/** The range of all of them together; undefined where there is none. */
export function joinedAll(ranges: readonly (Range | undefined)[]): Range | undefined {
  return ranges
    .filter((range) => range !== undefined)
    .reduce<Range | undefined>((sum, range) => (sum ? joined(sum, range) : range), undefined);
}

/** max, and how many |x| are above 0, from 2^-24 on, from 2^-14 on and above 65504: five float32 numbers on the GPU. */
function rangeNumbers(x: Tensor): Tensor {
  return tidy(() => {
    const size = abs(cast(x, 'float32'));
    const count = (which: Tensor) => reshape(sum(cast(which, 'float32')), [1]);
    return concat([
      reshape(max(size), [1]),
      count(greater(size, 0)),
      count(greaterEqual(size, HALF_MIN)),
      count(greaterEqual(size, HALF_MIN_NORMAL)),
      count(greater(size, HALF_MAX)),
    ]);
  });
}

/** Ranges of tensors by name, over all batches; measured on the GPU, read together. */
export class Ranges {
  readonly #waiting: { readonly name: string; readonly count: number; readonly numbers: Tensor }[] = [];
  readonly #found = new Map<string, Range>();

  /** Adds what `x` holds now to `name`. */
  add(name: string, x: Tensor): void {
    this.#waiting.push({ name, count: x.size, numbers: keep(rangeNumbers(x)) });
  }

  /** Reads what was added since. */
  async gather(): Promise<ReadonlyMap<string, Range>> {
    const added = this.#waiting.splice(0);
    try {
      for (const { name, count, numbers } of added) {
        const [largest, nonzero, halves, normal, beyond] = [...(await numbers.data())] as Five;
        const own = { max: largest, count, nonzero, beyond };
        const range = { ...own, vanishing: nonzero - halves, subnormal: halves - normal };
        const before = this.#found.get(name);
        this.#found.set(name, before ? joined(before, range) : range);
      }
      return this.#found;
    } finally {
      for (const { numbers } of added) numbers.dispose();
    }
  }
}

type Five = [number, number, number, number, number];
