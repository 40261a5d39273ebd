/** Ops of a graph that fold axes, and those that look along one. */
import { all, any } from '../../../ops/all.ts';
import { argMax, argMin } from '../../../ops/arg-extreme.ts';
import { max } from '../../../ops/max.ts';
import { mean } from '../../../ops/mean.ts';
import { min } from '../../../ops/min.ts';
import { norm } from '../../../ops/norm.ts';
import { prod } from '../../../ops/prod.ts';
import type { ReduceFunction } from '../../../ops/reduce-op.ts';
import { logSoftmax, softmax } from '../../../ops/softmax.ts';
import { sum } from '../../../ops/sum.ts';
import type { GraphOp, OpTable } from '../op-call.ts';

export const REDUCTIONS: OpTable = {
  All: folded(all),
  Any: folded(any),
  ArgMax: (n) => argMax(n.tensor(0), n.number(1)),
  ArgMin: (n) => argMin(n.tensor(0), n.number(1)),
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
