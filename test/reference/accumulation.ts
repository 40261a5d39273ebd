// Reference: a sum of products in several arithmetics, each float16 operation rounded by the table of halves.
import { nearestHalf } from './half.ts';

export const ACCUMULATIONS = {
  float32(a: ArrayLike<number>, b: ArrayLike<number>): number {
    let sum = 0;
    for (let k = 0; k < a.length; k++) sum = Math.fround(sum + a[k]! * b[k]!);
    return sum;
  },
  float16(a: ArrayLike<number>, b: ArrayLike<number>): number {
    let sum = 0;
    for (let k = 0; k < a.length; k++) sum = nearestHalf(sum + nearestHalf(a[k]! * b[k]!));
    return sum;
  },
  chunked(a: ArrayLike<number>, b: ArrayLike<number>, chunk: number): number {
    let sum = 0;
    for (let first = 0; first < a.length; first += chunk) {
      const part = [a, b].map((values) => Array.from(values).slice(first, first + chunk));
      sum = Math.fround(sum + ACCUMULATIONS.float16(part[0]!, part[1]!));
    }
    return sum;
  },
  /** Kahan 1965. */
  kahan(a: ArrayLike<number>, b: ArrayLike<number>): number {
    let [sum, lost] = [0, 0];
    for (let k = 0; k < a.length; k++) {
      const added = nearestHalf(nearestHalf(a[k]! * b[k]!) - lost);
      const next = nearestHalf(sum + added);
      lost = nearestHalf(nearestHalf(next - sum) - added);
      sum = next;
    }
    return sum;
  },
};
