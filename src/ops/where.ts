/** `where`: of two tensors, element by element, the one that a condition chooses. */
import { defineOp } from '../autograd/op.ts';
import { Tensor } from '../autograd/tensor.ts';
import { tidy } from '../autograd/tidy.ts';
import { Variable } from '../autograd/variable.ts';
import { whereKernel } from '../kernels/where.ts';
import { requireDType } from '../values/dtype.ts';
import type { TensorValues } from '../values/nested.ts';
import { broadcastShapes } from '../values/shape.ts';
import { fromValues, requireOneDType, type TensorLike, toTensor, toTensors } from './input.ts';
import { sumTo } from './sum.ts';

const op = defineOp<undefined>({
  name: 'where',
  precision: 'clear',
  moves: true,
  uniform: [1, 2],
  infer: ([condition, a, b]) => {
    requireDType('where', 'condition', condition!.dtype, ['bool']);
    requireOneDType('where', { a, b });
    const values = broadcastShapes('where', a!.shape, b!.shape);
    return [{ shape: broadcastShapes('where: condition', condition!.shape, values), dtype: a!.dtype }];
  },
  forward: ([condition, a, b], [y]) => whereKernel(condition!, a!, b!, y!),
  backward: ({ gradients: [upstream], inputs: [condition, a, b], needs }) => [
    null,
    needs[1] ? sumTo(where(condition!, upstream!, 0), a!) : null,
    needs[2] ? sumTo(where(condition!, 0, upstream!), b!) : null,
  ],
});

/**
 * `a` where `condition`, a bool, is true, else `b`; all three broadcast as in NumPy. What is not chosen has no influence, and gets a
 * gradient of 0, even where it is NaN. Throws `ShapeError`, `DtypeError`.
 */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  return tidy(() => {
    const [left, right] = toTensors('where', a, b);
    const isTensor = condition instanceof Tensor || condition instanceof Variable;
    const chooses = isTensor
      ? toTensor('where', condition)
      : fromValues(left.engine, condition as TensorValues, undefined, undefined, 'where');
    return op([chooses, left, right], undefined)[0]!;
  });
}
