/** The checks that a result must pass before it is timed, against f64. Tolerances are those of the tests. */
import { halfUlp } from '../test/reference/half.ts';
import { allowance } from '../test/tolerances.ts';
import { values } from './peers/inputs.ts';

/** C = A' B', `batch` times; `TN` stores A as k x m, `NT` stores B as n x k. */
export interface Product {
  readonly m: number;
  readonly k: number;
  readonly n: number;
  readonly batch: number;
  readonly layout: 'NN' | 'NT' | 'TN';
}

/** Multiply-adds up to which every element is computed; of larger products so many, and a sum over every row. */
const EVERYTHING = 2 ** 24;
const SAMPLED = 1024;
/** Steps over all elements in an order without pattern, as it has no factor in common with any size met. */
const STRIDE = 15_485_863;

/** The operands of a product, whole 64ths that a half holds, and what the result must be. */
export class ProductReference {
  readonly a: Float32Array;
  readonly b: Float32Array;
  readonly #product: Product;
  readonly #expected = new Map<number, number>();
  /** For each row of C: the sum of its elements, each times the weight of its column. */
  readonly #sums: Float64Array;
  readonly #weights: Float32Array;

  constructor(product: Product) {
    const { m, k, n, batch } = product;
    this.#product = product;
    this.a = values(1, batch * m * k);
    this.b = values(2, batch * k * n);
    const all = batch * m * n;
    const count = all * k <= EVERYTHING ? all : SAMPLED;
    for (let at = 0; at < count; at++) {
      const index = count === all ? at : (at * STRIDE) % all;
      this.#expected.set(index, this.#element(index));
    }
    this.#weights = values(3, n);
    this.#sums = this.#rowSums();
  }

  /** Why `c` is not the product; nothing if it is. `rounded`: C is stored in halves, its sums were held in f32. */
  wrong(c: Float32Array, rounded: boolean): string | undefined {
    const { m, k, n, batch } = this.#product;
    if (c.length !== batch * m * n) return `${c.length} values, expected ${batch * m * n}`;
    const allowed = (value: number) =>
      allowance(value, { op: 'gemm', dtype: 'float32', terms: k }) + (rounded ? halfUlp(value) : 0);
    for (const [index, expected] of this.#expected) {
      const got = c[index]!;
      if (!(Math.abs(got - expected) <= allowed(expected)))
        return `element ${index} is ${got}, expected ${expected} within ${allowed(expected).toPrecision(2)}`;
    }
    for (const [row, expected] of this.#sums.entries()) {
      let [sum, largest] = [0, 0];
      for (let j = 0; j < n; j++) {
        const value = c[row * n + j]!;
        sum += value * this.#weights[j]!;
        largest = Math.max(largest, Math.abs(value));
      }
      // Errors of elements are independent; four deviations of their sum.
      const tolerance = 4 * Math.sqrt(n) * allowed(largest);
      if (!(Math.abs(sum - expected) <= tolerance))
        return `the weighted sum of row ${row} is ${sum}, expected ${expected} within ${tolerance.toPrecision(2)}`;
    }
    return undefined;
  }

  /** Index and distance to the next element along K: of a row of A', of a column of B'. */
  #walks(index: number): { fromA: number; byA: number; fromB: number; byB: number } {
    const { m, k, n, layout } = this.#product;
    const matrix = Math.floor(index / (m * n));
    const [i, j] = [Math.floor(index / n) % m, index % n];
    const a = matrix * m * k;
    const b = matrix * k * n;
    return {
      ...(layout === 'TN' ? { fromA: a + i, byA: m } : { fromA: a + i * k, byA: 1 }),
      ...(layout === 'NT' ? { fromB: b + j * k, byB: 1 } : { fromB: b + j, byB: n }),
    };
  }

  #element(index: number): number {
    const { fromA, byA, fromB, byB } = this.#walks(index);
    let sum = 0;
    for (let l = 0; l < this.#product.k; l++) sum += this.a[fromA + l * byA]! * this.b[fromB + l * byB]!;
    return sum;
  }

  /** A' (B' w) instead of (A' B') w: no more work than reading both. */
  #rowSums(): Float64Array {
    const { m, k, n, batch } = this.#product;
    const sums = new Float64Array(batch * m);
    const column = new Float64Array(k);
    for (let matrix = 0; matrix < batch; matrix++) {
      column.fill(0);
      for (let j = 0; j < n; j++) {
        const { fromB, byB } = this.#walks(matrix * m * n + j);
        for (let l = 0; l < k; l++) column[l]! += this.b[fromB + l * byB]! * this.#weights[j]!;
      }
      for (let i = 0; i < m; i++) {
        const { fromA, byA } = this.#walks((matrix * m + i) * n);
        let sum = 0;
        for (let l = 0; l < k; l++) sum += this.a[fromA + l * byA]! * column[l]!;
        sums[matrix * m + i] = sum;
      }
    }
    return sums;
  }
}

/** Why `got` is not `expected(i)` for every i; `allowed` is how far a value may be off. */
export function wrongValue(
  got: ArrayLike<number>,
  size: number,
  expected: (index: number) => number,
  allowed: (reference: number) => number,
): string | undefined {
  if (got.length !== size) return `${got.length} values, expected ${size}`;
  for (let index = 0; index < size; index++) {
    const [value, reference] = [got[index]!, expected(index)];
    if (value === reference) continue;
    if (!(Math.abs(value - reference) <= allowed(reference)))
      return `element ${index} is ${value}, expected ${reference} within ${allowed(reference).toPrecision(2)}`;
  }
  return undefined;
}
