/** `logicalAnd`, `logicalOr`, `logicalXor` and `logicalNot` of bools, element by element. */
import type { Tensor } from '../autograd/tensor.ts';
import { requireDType } from '../values/dtype.ts';
import { binaryOp } from './binary-op.ts';
import { notEqual } from './compare.ts';
import { type TensorLike, toTensor, toTensors } from './input.ts';

function logical(name: string, kernel: 'MINIMUM' | 'MAXIMUM' | 'NOT_EQUAL') {
  const op = binaryOp(name, kernel, 'clear', undefined, 'bool');
  return (a: TensorLike, b: TensorLike): Tensor => {
    const [left, right] = toTensors(name, a, b);
    requireDType(name, 'a', left.dtype, ['bool']);
    requireDType(name, 'b', right.dtype, ['bool']);
    return op(left, right);
  };
}

/** Whether a and b are true, with broadcasting. Throws `DtypeError` unless both are bool. */
export const logicalAnd = logical('logicalAnd', 'MINIMUM');
/** Whether a or b is true, with broadcasting. Throws `DtypeError` unless both are bool. */
export const logicalOr = logical('logicalOr', 'MAXIMUM');
/** Whether one of a and b is true, with broadcasting. Throws `DtypeError` unless both are bool. */
export const logicalXor = logical('logicalXor', 'NOT_EQUAL');

/** Whether x is false. Throws `DtypeError` unless it is bool. */
export function logicalNot(x: TensorLike): Tensor {
  const own = toTensor('logicalNot', x);
  requireDType('logicalNot', 'x', own.dtype, ['bool']);
  return notEqual(own, 1);
}
