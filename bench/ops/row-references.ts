/** What the ops on rows must give, in plain f64 loops: layer normalisation, cross-entropy, sums of rows by index. */
import type { Plain, Reference } from './references.ts';

/** As Keras has it by default. */
export const EPSILON = 1e-3;

/** Rows of `x` normalised, times gamma, plus beta; with `upstream` the gradients by the three too. */
export function layerNormalization(x: Plain, gamma: Plain, beta: Plain, upstream?: Plain): Reference[] {
  const columns = x.shape.at(-1)!;
  const rows = x.data.length / columns;
  const normalised = (row: number) => {
    const own = Float64Array.from(x.data.subarray(row * columns, (row + 1) * columns));
    const mean = own.reduce((a, b) => a + b) / columns;
    const variance = own.reduce((sum, value) => sum + (value - mean) ** 2, 0) / columns;
    const inverse = 1 / Math.sqrt(variance + EPSILON);
    return { n: own.map((value) => (value - mean) * inverse), inverse };
  };
  const byRow = { size: x.data.length, block: columns, terms: columns, cost: 4 * columns };
  const forward = {
    ...byRow,
    values: (row: number) => normalised(row).n.map((value, c) => value * gamma.data[c]! + beta.data[c]!),
  };
  if (!upstream) return [forward];
  const byX = (row: number) => {
    const { n, inverse } = normalised(row);
    const a = n.map((_, c) => upstream.data[row * columns + c]! * gamma.data[c]!);
    const mean = a.reduce((sum, value) => sum + value, 0) / columns;
    const along = a.reduce((sum, value, c) => sum + value * n[c]!, 0) / columns;
    return a.map((value, c) => inverse * (value - mean - n[c]! * along));
  };
  const byWeight = (slope: (n: number) => number): Reference => ({
    ...{ size: columns, block: columns, terms: rows, cost: 4 * rows * columns },
    values: () => {
      const sums = new Float64Array(columns);
      for (let row = 0; row < rows; row++) {
        const { n } = normalised(row);
        for (let c = 0; c < columns; c++) sums[c]! += upstream.data[row * columns + c]! * slope(n[c]!);
      }
      return sums;
    },
  });
  return [forward, { ...byRow, values: byX }, byWeight((n) => n), byWeight(() => 1)];
}

/** Of rows of logits, and the class of each: the loss of each row, and the gradient by the logits of the losses times `upstream`. */
export function crossEntropy(logits: Plain, labels: Plain, upstream: Plain): Reference[] {
  const classes = logits.shape.at(-1)!;
  const rows = logits.data.length / classes;
  const softmaxOf = (row: number) => {
    const own = logits.data.subarray(row * classes, (row + 1) * classes);
    const powers = Float64Array.from(own, (value) => Math.exp(value));
    const total = powers.reduce((a, b) => a + b);
    return { softmax: powers.map((power) => power / total), loss: Math.log(total) - own[labels.data[row]!]! };
  };
  return [
    {
      ...{ size: rows, block: 1, terms: 1, cost: classes },
      values: (row) => Float64Array.of(softmaxOf(row).loss),
    },
    {
      ...{ size: logits.data.length, block: classes, terms: 1, cost: classes },
      values: (row) => {
        const { softmax } = softmaxOf(row);
        softmax[labels.data[row]!]! -= 1;
        return softmax.map((value) => value * upstream.data[row]!);
      },
    },
  ];
}

/** Row s of `segments` is the sum of those rows of `x` whose index is s. */
export function segmentSum(x: Plain, indices: Plain, segments: number): Reference {
  const columns = x.shape.at(-1)!;
  const size = segments * columns;
  return {
    ...{ size, block: size, terms: Math.max(1, indices.data.length / segments), cost: x.data.length },
    values: () => {
      const sums = new Float64Array(size);
      for (const [row, index] of indices.data.entries())
        for (let c = 0; c < columns; c++) sums[index * columns + c]! += x.data[row * columns + c]!;
      return sums;
    },
  };
}
