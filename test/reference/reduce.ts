// Reference: reductions over axes, and the index of the largest value along one.
import { at, build, type Plain } from './array.ts';

export type Fold = (values: readonly number[]) => number;

export const sumOf: Fold = (values) => values.reduce((sum, value) => sum + value, 0);
export const meanOf: Fold = (values) => sumOf(values) / values.length;
export const maxOf: Fold = (values) => values.reduce((a, b) => Math.max(a, b));
export const minOf: Fold = (values) => values.reduce((a, b) => Math.min(a, b));
export const productOf: Fold = (values) => values.reduce((product, value) => product * value, 1);

/** `fold` over `axes` (all for undefined; negative ones count from the back). */
export function reduce(fold: Fold, x: Plain, axes?: number | readonly number[], keepDims = false): Plain {
  const rank = x.shape.length;
  const named = axes === undefined ? x.shape.map((_, axis) => axis) : [axes].flat();
  const folded = new Set(named.map((axis) => (axis < 0 ? axis + rank : axis)));
  const kept = x.shape.map((size, axis) => (folded.has(axis) ? 1 : size));
  const groups = build(kept, () => 0).data.map((): number[] => []);
  build(x.shape, (index) => {
    const group = kept.reduce(
      (offset, size, axis) => offset * size + (folded.has(axis) ? 0 : index[axis]!),
      0,
    );
    groups[group]!.push(at(x, index));
    return 0;
  });
  return {
    shape: keepDims ? kept : x.shape.filter((_, axis) => !folded.has(axis)),
    data: groups.map(fold),
  };
}

export function argMax(x: Plain, axis: number): Plain {
  return reduce((values) => values.indexOf(maxOf(values)), x, axis);
}
