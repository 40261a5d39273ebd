/** Operations that fold axes, those that look along one, and products of matrices. */
import type { Tensor } from '../../autograd/tensor.ts';
import { all, any } from '../../ops/all.ts';
import { argMax, argMin } from '../../ops/arg-extreme.ts';
import { cast } from '../../ops/cast.ts';
import { cumsum } from '../../ops/cumsum.ts';
import { div } from '../../ops/div.ts';
import { einsum } from '../../ops/einsum.ts';
import { matMul } from '../../ops/mat-mul.ts';
import { max } from '../../ops/max.ts';
import { maximum } from '../../ops/maximum.ts';
import { mean } from '../../ops/mean.ts';
import { min } from '../../ops/min.ts';
import { moments } from '../../ops/moments.ts';
import { type NormOrder, norm } from '../../ops/norm.ts';
import { prod } from '../../ops/prod.ts';
import { logSumExp } from '../../ops/softmax.ts';
import { sqrt } from '../../ops/sqrt.ts';
import { square } from '../../ops/square.ts';
import { expandDims } from '../../ops/squeeze.ts';
import { sum } from '../../ops/sum.ts';
import { ShapeError } from '../../values/errors.ts';
import { broadcastShapes, mayEqual, type Shape, showShape } from '../../values/shape.ts';
import type { Arguments } from './arguments.ts';
import { type OperationRow, type OperationTable, one } from './row.ts';

type Fold = (x: Tensor, axes: readonly number[], keepDims: boolean, given: Arguments) => Tensor;

/** Over `axis`, one or several, all by default; `keepDims` keeps them with size 1. */
function folded(fold: Fold, own: readonly string[] = []): OperationRow {
  return one(
    [...own, 'axis', 'keepDims'],
    (shape, given) => {
      const axes = given.axes('axis', shape.length);
      if (given.flag('keepDims')) return shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
      return shape.filter((_, axis) => !axes.includes(axis));
    },
    (x, given) => fold(x, given.axes('axis', x.rank), given.flag('keepDims'), given),
  );
}

function indexOf(extreme: (x: Tensor, axis: number) => Tensor): OperationRow {
  return folded((x, axes, keepDims, given) => {
    if (axes.length !== 1) given.refuse('axis', 'one axis');
    const y = extreme(x, axes[0]!);
    return keepDims ? expandDims(y, axes[0]!) : y;
  });
}

const variance: Fold = (x, axes, keepDims) => moments(x, axes, keepDims).variance;
const wide = (x: Tensor, fn: (x: Tensor) => Tensor) => cast(fn(cast(x, 'float32')), x.dtype);

export const REDUCTIONS: OperationTable = {
  ...{ all: folded(all), any: folded(any), argmax: indexOf(argMax), argmin: indexOf(argMin) },
  ...{ max: folded(max), mean: folded(mean), min: folded(min) },
  ...{ prod: folded(prod), sum: folded(sum), var: folded(variance) },
  logsumexp: folded((x, axes, keepDims) => cast(logSumExp(x, axes, keepDims), x.dtype)),
  std: folded((x, ...rest) => sqrt(variance(x, ...rest))),
  norm: folded(
    (x, axes, keepDims, given) => norm(x, (given.get('ord') ?? 'euclidean') as NormOrder, axes, keepDims),
    ['ord'],
  ),
  // tf.math.l2_normalize: what is squared and below epsilon counts as it.
  l2Normalize: one(
    ['axis', 'epsilon'],
    (shape) => shape,
    (x, given) =>
      wide(x, (x) => {
        const squares = sum(square(x), given.axes('axis', x.rank), true);
        return div(x, sqrt(maximum(squares, given.number('epsilon', 1e-12))));
      }),
  ),
  cumsum: one(
    ['axis'],
    (shape) => shape,
    (x, given) => cumsum(x, given.axis('axis', x.rank)),
  ),
  matmul: {
    ...{ operands: ['x1', 'x2'], parameters: ['transposeA', 'transposeB'] },
    shape: (shapes, given) => {
      const [[a, m, k], [b, n, l]] = [
        matrix(shapes[0]!, given.flag('transposeA')),
        matrix(shapes[1]!, !given.flag('transposeB')),
      ];
      if (!mayEqual(k, l))
        throw new ShapeError(`operation: matmul of ${shapes.map(showShape).join(' and ')}; ${k} is not ${l}`);
      return [...broadcastShapes('operation', a, b), m, n];
    },
    run: ([a, b], given) => matMul(a!, b!, given.flag('transposeA'), given.flag('transposeB')),
  },
  einsum: {
    ...{ operands: 'list', parameters: ['subscripts'] },
    shape: (shapes, given) => {
      const [left = '', output = ''] = String(given.get('subscripts')).replaceAll(' ', '').split('->');
      const sizes = new Map(
        left.split(',').flatMap((labels, i) => [...labels].map((label, axis) => [label, shapes[i]?.[axis]])),
      );
      return [...output].map(
        (label) => sizes.get(label) ?? given.refuse('subscripts', 'letters that the operands have'),
      );
    },
    run: (operands, given) => einsum(String(given.get('subscripts')), ...operands),
  },
};

/** Leading sizes, rows and columns. */
function matrix(shape: Shape, transposed: boolean): [lead: Shape, rows: number, columns: number] {
  if (shape.length < 2) throw new ShapeError(`operation: matmul of ${showShape(shape)}; use matrices`);
  const [rows, columns] = shape.slice(-2) as [number, number];
  return [shape.slice(0, -2), ...((transposed ? [columns, rows] : [rows, columns]) as [number, number])];
}
