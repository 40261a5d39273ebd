/** Ops of a graph that fold axes, and those that look along one. */
import type { Tensor } from '../../../autograd/tensor.ts';
import { add } from '../../../ops/add.ts';
import { all, any } from '../../../ops/all.ts';
import { argMax, argMin } from '../../../ops/arg-extreme.ts';
import { greaterEqual, less } from '../../../ops/compare.ts';
import { full, range } from '../../../ops/creation.ts';
import { unsortedSegmentSum } from '../../../ops/gather.ts';
import { logicalAnd } from '../../../ops/logical.ts';
import { max } from '../../../ops/max.ts';
import { mean } from '../../../ops/mean.ts';
import { min } from '../../../ops/min.ts';
import { minimum } from '../../../ops/minimum.ts';
import { norm } from '../../../ops/norm.ts';
import { prod } from '../../../ops/prod.ts';
import type { ReduceFunction } from '../../../ops/reduce-op.ts';
import { reshape } from '../../../ops/reshape.ts';
import { logSoftmax, softmax } from '../../../ops/softmax.ts';
import { sum } from '../../../ops/sum.ts';
import { where } from '../../../ops/where.ts';
import { ShapeError } from '../../../values/errors.ts';
import { sizeOf } from '../../../values/shape.ts';
import type { GraphOp, OpCall, OpTable } from '../op-call.ts';

export const REDUCTIONS: OpTable = {
  All: folded(all),
  Any: folded(any),
  ArgMax: (n) => argMax(n.tensor(0), n.number(1)),
  ArgMin: (n) => argMin(n.tensor(0), n.number(1)),
  Bincount: (n) => counted(n, n.tensor(0), n.number(1)),
  DenseBincount: (n) => counted(n, n.tensor(0), n.number(1)),
  EuclideanNorm: folded((x, axes, keepDims) => norm(x, 'euclidean', axes, keepDims)),
  LogSoftmax: (n) => logSoftmax(n.tensor(0)),
  Max: folded(max),
  Mean: folded(mean),
  Min: folded(min),
  Prod: folded(prod),
  Softmax: (n) => softmax(n.tensor(0)),
  Sum: folded(sum),
};

function folded(reduce: ReduceFunction): GraphOp {
  return (n) => reduce(n.tensor(0), n.ints(1), n.attributes.bool('keep_dims')).alias();
}

/** How often each number below `size` is there, or the sum of its weights; in a matrix row by row. */
function counted(n: OpCall, x: Tensor, size: number): Tensor {
  const weights = n.input(2);
  const isBinary = n.attributes.bool('binary_output');
  const byRow = x.rank === 2 && n.attributes.get('binary_output') !== undefined;
  const dtype = weights.dtype;
  if (!(size >= 1)) throw new ShapeError(`size ${size}; use 1 or more`);
  const counts = sizeOf(weights.shape) === 0 || isBinary ? full(x.shape, 1, dtype, n) : n.tensor(2);
  const rows = byRow ? x.shape[0]! : 1;
  // What is not below the size is out of all rows: not in the next one.
  const known = logicalAnd(greaterEqual(x, 0), less(x, size));
  const begin = byRow ? reshape(range(0, rows * size, size, 'int32', { engine: n.engine }), [rows, 1]) : 0;
  const places = where(known, add(x, begin), -1);
  const sums = unsortedSegmentSum(counts, places, rows * size);
  const y = byRow ? reshape(sums, [rows, size]) : sums;
  return isBinary ? minimum(y, 1) : y;
}
